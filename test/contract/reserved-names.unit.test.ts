import { describe, expect, it } from "vitest";
import { z } from "zod";
import { message, type MessageDefinition } from "../../runtime/core/message.ts";
import { intent } from "../../runtime/core/intent.ts";
import { validateDomain } from "../../runtime/contract/checks/validate.ts";
import { editedTickets, type Edits, inShort, OpenTicket, ticketsCode } from "./tickets-domain.ts";
import { toyCode, toyFolder } from "./toy-domain.ts";

const withMessage = (definition: MessageDefinition, edits: Edits = []) =>
  inShort(editedTickets(edits, ticketsCode(undefined, definition)));
const field = (name: string) => ({ [name]: z.string().optional() });

describe("a name of the runtime's is refused where it would be lost:", () => {
  it.each(["entity_id", "attempt", "entity_seq", "published_seq", "causation_id", "emitted_at"])(
    "%s in an event",
    (name) =>
      expect(withMessage(message("TicketRefused", field(name)))).toEqual([
        `RC112 15 TicketRefused declares ${name}, which each event gets from the runtime`,
      ]),
  );

  it("door in a message from outside", () =>
    expect(withMessage(message("OpenTicket", { ...OpenTicket.shape, ...field("door") }))).toEqual([
      "RC112 10 OpenTicket declares door, which a gateway adds to a message",
    ]));

  it.each(["version", "correlation_id", "payment_attempt_id", "intent_type"])("%s in an intent", (name) => {
    const charge = intent("card.charge", { order_id: z.string(), amount: z.number(), ...field(name) });
    const intents = toyCode.intents.map((each) => (each.intentType === "card.charge" ? charge : each));
    const { diagnostics } = validateDomain(toyFolder, { ...toyCode, intents });
    expect(diagnostics).toMatchObject([
      { code: "RC112", message: `card.charge declares ${name}, which each intent gets from the runtime` },
    ]);
    expect(diagnostics[0]?.remedy).toBe("give the field another name");
  });

  it.each(["caller", "loaded", "state"])("%s in what an expression reads", (name) => {
    const when = ["[null, REFUSED, LAPSED], action", `[null, REFUSED, LAPSED], when: "${name} == x", action`] as const;
    const rest = [
      "action: decide }",
      'action: decide }\n        - { current_state: [null, REFUSED, LAPSED], action: no_op, reason: "x" }',
    ] as const;
    const definition = message("OpenTicket", { ...OpenTicket.shape, ...field(name) });
    const [first, ...others] = withMessage(definition, [rest, when]);
    expect(first).toMatch(new RegExp(`^RC112 24 the payload has a field ${name}, and in expressions ${name} is `));
    expect(others).toEqual([]);
  });

  it("an id that the contract calls so", () => {
    expect(inShort(editedTickets([["{ started_by", "{ id: entity_seq, started_by"]]))[0]).toMatch(
      /^RC112 7 entity_seq /,
    );
    expect(inShort(editedTickets([["entity_id: ticket_id", "entity_id: attempt"]]))).toContain(
      "RC112 6 attempt has a meaning of its own in events, intents or messages",
    );
  });
});

describe("and nowhere else:", () => {
  it("a message from outside may have an event's fields, as those that another domain publishes do", () =>
    expect(
      withMessage(message("OpenTicket", { ...OpenTicket.shape, ...field("entity_id"), ...field("version") })),
    ).toEqual([]));

  it("an event may have an intent's", () =>
    expect(withMessage(message("TicketRefused", field("version")))).toEqual([]));

  it("a field that no expression reads may be called as in expressions", () =>
    expect(withMessage(message("OpenTicket", { ...OpenTicket.shape, ...field("state") }))).toEqual([]));
});
