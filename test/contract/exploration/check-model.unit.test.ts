import { describe, expect, it } from "vitest";
import { checkModel } from "../../../runtime/contract/exploration/check-model.ts";
import type { Diagnostic } from "../../../runtime/contract/diagnostics/diagnostic.ts";
import { validateDomain } from "../../../runtime/contract/checks/validate.ts";
import type { DomainCode } from "../../../runtime/core/domain.ts";
import { message } from "../../../runtime/core/message.ts";
import { diagnosed, editedModel, shippedCode, shown } from "../checks/registration/edited.ts";
import { orchestrator } from "../checks/registration/mistakes/mistake.ts";
import { toyCode, toyFolder } from "../toy-domain.ts";
import { z } from "zod";
import { PLANTED } from "./registration/planted.ts";

const isLimit = ({ message }: Diagnostic): boolean => /^more than \d+ states/.test(message);
const TIMEOUT_MS = 120_000;

describe("checkModel", () => {
  it(
    "finds nothing in the shipped contracts, in all of their world",
    () => {
      const { diagnostics, states, transitions, untaken } = checkModel(editedModel());
      expect(diagnostics).toEqual([]);
      expect(states).toBeGreaterThan(1_000);
      expect(transitions).toBeGreaterThan(states);
      // With two backends one confirmation is never the only one, and the second always the last.
      expect(untaken.map((each) => each.replace(/^.*:\d+ /, ""))).toEqual([
        "partial -> partial on backend_confirmed",
        "pending -> complete on backend_confirmed",
      ]);
    },
    TIMEOUT_MS,
  );

  it.each(PLANTED)(
    "finds $mistake",
    ({ edits, code, gives, says, remedy, way, states = 300 }) => {
      const changed = code?.(shippedCode()) ?? shippedCode();
      expect(diagnosed(edits, changed).filter(({ severity }) => severity === "error")).toEqual([]);
      const { diagnostics } = checkModel(editedModel(edits, changed), states);
      // Each shows near the beginning. That there is more, and not visited, is said; not here.
      const found = diagnostics.filter((each) => !isLimit(each));
      expect(found.map(shown)).toEqual(gives);
      expect(found[0]?.message).toContain(says);
      expect(found[0]?.remedy).toContain(remedy);
      expect(found[0]?.timeline?.map(({ message }) => message)).toEqual(way);
    },
    TIMEOUT_MS,
  );

  it("never passes what it did not visit", () => {
    const { diagnostics, states } = checkModel(editedModel(), 50);
    expect(states).toBe(50);
    expect(diagnostics.map(shown)).toEqual(["RC206 orchestrator.yaml: name: «node_registration_orchestrator»"]);
    expect(diagnostics.every(isLimit)).toBe(true);
  });

  it("says so when it can't make a payload, and then has visited nothing", () => {
    const riddle = message("NodeDeregister", { node_id: z.string(), answer: z.string().regex(/^fourty-two$/) });
    const code: DomainCode = {
      ...shippedCode(),
      messages: shippedCode().messages.map((each) => (each.messageType === "NodeDeregister" ? riddle : each)),
    };
    const { diagnostics, states } = checkModel(editedModel([], code));
    expect(diagnostics.map(({ message }) => message)).toEqual([
      "no payload of NodeDeregister could be made that its schema takes, so nothing was explored",
    ]);
    expect(states).toBe(0);
  });

  it("knows no domain: it explores another one, and finds what is wrong there", () => {
    const { model } = validateDomain(toyFolder, toyCode);
    const { diagnostics, untaken } = checkModel(model!);
    expect(diagnostics).toEqual([]);
    expect(untaken).toEqual([]);
  });

  it("takes a time that the data keep in ms, as handlers are given it, for a time", () => {
    const { reducer } = toyCode;
    const note_amount = (_: unknown, { now }: { readonly now: number }) => ({ amount: now }) as never;
    const code: DomainCode = { ...toyCode, reducer: { ...reducer, updates: { ...reducer.updates, note_amount } } };
    const { diagnostics, states } = checkModel(validateDomain(toyFolder, code).model!, 5_000);
    expect(diagnostics).toEqual([]);
    expect(states).toBeLessThan(5_000);
  });

  it("takes the values that a condition tells apart, also where no example has them", () => {
    const edits = [
      orchestrator(
        "- current_state: [null, REJECTED",
        '- { current_state: PENDING_REGISTRATION, when: "capabilities contains gpu", action: deregister, ' +
          "output_events: [NodeDeregistered] }\n        - current_state: [null, REJECTED",
      ),
      orchestrator(
        "invariants:",
        'invariants:\n  - { never: "orchestrator == DEREGISTERED and seen lacks NodeDeregister" }\n #',
      ),
    ];
    const { diagnostics } = checkModel(editedModel(edits), 50);
    expect(diagnostics[1]?.timeline?.at(-1)).toMatchObject({
      message: 'NodeIntrospectionEvent, reason "shutdown"',
      events: ["NodeDeregistered"],
    });
  });
});
