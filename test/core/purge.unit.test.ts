import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Entity } from "../../runtime/core/entity.ts";
import { driftMessage, outcomeMessage, purgeMessage } from "../../runtime/core/runtime-messages.ts";
import type { Message } from "../../runtime/core/message.ts";
import { step } from "../../runtime/core/step.ts";
import { ordersDomain } from "../shell/orders.ts";
import { retainedFor } from "../shell/purges/retained.ts";

const DAY_MS = 86_400_000;
const RETAIN_MS = 7 * DAY_MS;
const START = Date.parse("2026-03-01T12:00:00Z");
const domain = ordersDomain({ changed: retainedFor(RETAIN_MS) });

let offset = 0;
const said = (type: string, payload: object, now: number): Message => ({
  ...{ kind: "bus", type, id: `m${offset}`, entityId: "o1", correlationId: "c1", now },
  payload: { order_id: "o1", ...payload },
  origin: { topic: "t", partition: 0, offset: offset++ },
});
const after = (entity: Entity | undefined, message: Message) => step(domain, entity, message);
const placed = after(undefined, said("PlaceOrder", { amount: 5 }, START)).entity;
const ended = after(placed, said("CancelOrder", {}, START + 1)).entity as Entity;
const ENDED_AT = START + 1;
const purged = after(ended, purgeMessage("orders", ended, "retain", ENDED_AT + RETAIN_MS));

describe("a purge", () => {
  it("leaves the number and when the entity had ended, and asks for what `on_purge` says", () => {
    expect(ended).toMatchObject({ state: "ENDED", seq: 2, stateSince: ENDED_AT });
    expect(purged).toMatchObject({
      ...{ result: "changed", events: [] },
      entity: { id: "o1", state: null, reducerState: "empty", seq: 2, endedAt: ENDED_AT, attempt: { number: 0 } },
      intents: [{ type: "card.refund", target: "card://o1", version: 2, attemptId: ended.attempt.id }],
      moves: [{ machine: "orchestrator", trigger: "purge", from: "ENDED", to: "(none)" }],
    });
    expect(purged.entity?.data).toEqual({ amount: 0 });
  });

  it("is nothing before the time is over, unless an operator wants it", () => {
    const early = ENDED_AT + RETAIN_MS - 1;
    expect(after(ended, purgeMessage("orders", ended, "retain", early))).toMatchObject({
      ...{ result: "no_op", entity: ended },
      reason: expect.stringContaining("for too short"),
    });
    expect(after(ended, purgeMessage("orders", ended, "operator", early)).entity?.endedAt).toBe(ENDED_AT);
  });

  it("is nothing for an entity that has moved on, that is in a state without `retain`, or is purged", () => {
    const message = purgeMessage("orders", ended, "operator", ENDED_AT + RETAIN_MS);
    const again = after(ended, said("PlaceOrder", { amount: 7 }, ENDED_AT + 2)).entity as Entity;
    const endedAgain = after(again, said("CancelOrder", {}, ENDED_AT + 3)).entity as Entity;
    for (const entity of [again, endedAgain, { ...ended, stateSince: ENDED_AT + 1 }, purged.entity, undefined])
      expect(after(entity, message)).toMatchObject({ result: "no_op", intents: [], entity });
    const live = purgeMessage("orders", again, "operator", ENDED_AT + RETAIN_MS);
    expect(after(again, live)).toMatchObject({ result: "no_op", reason: expect.stringContaining("it is in UNPAID") });
  });
});

describe("a purged entity", () => {
  it("is brought back by a message, and goes on from its number", () => {
    const { entity, events } = after(purged.entity, said("PlaceOrder", { amount: 7 }, START + 99 * DAY_MS));
    expect(events.map(({ payload }) => [payload["entity_seq"], payload["attempt"]])).toEqual([[3, 1]]);
    expect(entity).toMatchObject({ state: "UNPAID", seq: 3 });
    expect(entity).not.toHaveProperty("endedAt");
  });

  it("stays purged with what changes nothing: other messages, outcomes of before, differences of backends", () => {
    const [intent] = purged.intents;
    if (!intent) throw new Error("no intent");
    const outcome = outcomeMessage(intent, { type: "CardCharged", payload: {} }, START + 9 * DAY_MS);
    const drift = { entityId: "o1", entity: undefined, entries: [], mayDelete: true };
    for (const message of [
      said("CancelOrder", {}, START + 9 * DAY_MS),
      said("PlaceOrder", { amount: 0 }, START + 9 * DAY_MS),
      outcome,
      driftMessage("orders", "bank", drift, START + 9 * DAY_MS),
    ])
      expect(after(purged.entity, message)).toMatchObject({ result: "no_op", entity: purged.entity });
    expect(after(purged.entity, outcome).reason).toContain("the entity was purged");
  });

  it("stays ended where it lives once, until its tombstone is gone", () => {
    const once = { ...domain, lifecycle: "once" as const };
    const place = said("PlaceOrder", { amount: 7 }, START + 9 * DAY_MS);
    expect(step(once, purged.entity, place)).toMatchObject({
      ...{ result: "declined", declined: { code: "ENDED" }, entity: purged.entity },
      reason: expect.stringContaining("purged"),
    });
    expect(step(once, undefined, place)).toMatchObject({ result: "changed", entity: { state: "UNPAID", seq: 1 } });
  });

  it("never goes back with its number, whatever happens", () => {
    const anyMessage = fc.constantFrom("PlaceOrder", "CancelOrder", "purge");
    fc.assert(
      fc.property(fc.array(anyMessage, { maxLength: 40 }), (types) => {
        let entity: Entity | undefined;
        let now = START;
        const numbers: number[] = [];
        for (const type of types) {
          now += RETAIN_MS;
          const message =
            type === "purge"
              ? entity && purgeMessage("orders", entity, "retain", now)
              : said(type, { amount: numbers.length + 1 }, now);
          if (!message) continue;
          const decision = after(entity, message);
          numbers.push(...decision.events.map(({ seq }) => seq));
          entity = decision.entity;
        }
        expect(numbers).toEqual(numbers.map((_, index) => index + 1));
      }),
    );
  });
});
