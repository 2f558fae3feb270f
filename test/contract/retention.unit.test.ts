import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { validateFiles } from "../../runtime/contract/checks/validate.ts";
import { compileDomain } from "../../runtime/contract/compile/compile-domain.ts";
import { checkModel } from "../../runtime/contract/exploration/check-model.ts";
import { buildGraph, renderGraph } from "../../runtime/contract/graph/graph.ts";
import type { DomainCode } from "../../runtime/core/domain.ts";
import { toyCode, toyFolder } from "./toy-domain.ts";

const DAY_MS = 86_400_000;

/** The contracts of orders, in which a cancelled or paid order is kept for a time. */
function retained({ retain = "40d", onPurge = "[emit_refund]", code = toyCode } = {}) {
  const files = ["orders.yaml", "ledger.yaml", "bank.yml"].map((file) => {
    const text = readFileSync(join(toyFolder, file), "utf8")
      .replace("state_name: ENDED, is_terminal: true", `state_name: ENDED, is_terminal: true, retain: ${retain}`)
      .replace("intent_emission:", `on_purge: ${onPurge}\nintent_emission:`);
    return { file, text };
  });
  return validateFiles("orders", files, code);
}
const modelOf = (of?: Parameters<typeof retained>[0]) => {
  const { model, diagnostics } = retained(of);
  expect(diagnostics).toEqual([]);
  if (!model) throw new Error("the contracts have errors");
  return model;
};
const names = { env: "test", namespace: "" };

describe("retain and on_purge", () => {
  it("are compiled: how long an entity is kept, what runs then, and how long its number is known", () => {
    const domain = compileDomain(modelOf(), names);
    expect(domain.orchestrator.states.get("ENDED")?.retainMs).toBe(40 * DAY_MS);
    expect([domain.onPurge, domain.tombstoneMs]).toEqual([["emit_refund"], 40 * DAY_MS]);
    expect(compileDomain(modelOf({ retain: "7d" }), names).tombstoneMs).toBe(30 * DAY_MS);
  });

  it("refuse what emits no intent, with what was probably meant", () => {
    expect(retained({ onPurge: "[emit_refunds]" }).diagnostics).toMatchObject([
      { code: "RC101", message: expect.stringContaining("emit_refunds"), suggestion: "emit_refund" },
    ]);
    expect(retained({ onPurge: "[note_amount]" }).diagnostics).toMatchObject([
      { code: "RC101", message: expect.stringContaining("no action note_amount under intent_emission") },
    ]);
  });

  it("are drawn, and lead to the intent", () => {
    const model = modelOf();
    const text = renderGraph(model, "mermaid");
    expect(text).toContain("  ENDED --> [*]: purge\n");
    expect(text).toContain("  note right of ENDED: retained for 40d\n");
    const { machines, edges } = buildGraph(model);
    expect(machines[0]?.states.find(({ name }) => name === "ENDED")?.retain).toBe("40d");
    expect(edges).toContainEqual({ from: "signal:purge", to: "intent:card.refund" });
  });

  it("are explored: an entity is purged, and begins anew, with all that may still come of its former life", () => {
    const { diagnostics, states } = checkModel(modelOf());
    expect(diagnostics).toEqual([]);
    const { model } = validateFiles(
      "orders",
      ["orders.yaml", "ledger.yaml", "bank.yml"].map((file) => ({
        file,
        text: readFileSync(join(toyFolder, file), "utf8"),
      })),
      toyCode,
    );
    if (!model) throw new Error("the toy contracts have errors");
    expect(states).toBeGreaterThan(checkModel(model).states);
  });

  it("are explored: code that fails when an entity is purged is found", () => {
    const { builders } = toyCode.reducer;
    const emit_refund: (typeof builders)[string] = (data, context) => {
      if (context.entity.state === "ENDED" && !Object.hasOwn(context.payload as object, "reason"))
        throw new Error("nothing to refund");
      return builders["emit_refund"]?.(data, context) ?? null;
    };
    const code: DomainCode = { ...toyCode, reducer: { ...toyCode.reducer, builders: { ...builders, emit_refund } } };
    expect(checkModel(modelOf({ code })).diagnostics).toMatchObject([
      { code: "RC206", message: expect.stringMatching(/^purge is refused in ENDED .*nothing to refund/) },
    ]);
  });
});
