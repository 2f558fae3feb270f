import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Chain } from "../../runtime/core/chain.ts";
import { derivedId } from "../../runtime/core/ids.ts";
import { endLine, eventLine, groupOf, intentLine, stepLine } from "../stored/lines.ts";

const AWAITS = new Set(["Paid"]);
const outcome = (id: string, intent_id: string, ...behind: Parameters<typeof groupOf>[1][]) =>
  groupOf(1, stepLine("e", id, { of: "outcome", intent_id }), ...behind);
const paid = (id: string) => eventLine("e", id, { type: "Paid" });
const confirmation = (eventId: string) =>
  groupOf(1, stepLine("e", derivedId("published", eventId), { of: "published", type: "published(Paid)" }));

describe("what a message has caused", () => {
  const begun = (...behind: Parameters<typeof groupOf>[1][]): Chain => {
    const chain = new Chain("m", AWAITS);
    expect(chain.take(groupOf(1, stepLine("e", "m"), ...behind))).toBe(true);
    return chain;
  };

  it("is nothing before its step", () => {
    const chain = new Chain("m", AWAITS);
    expect(chain.take(groupOf(1, stepLine("e", "other"), intentLine("e", "i")))).toBe(false);
    expect(chain.take(outcome("o", "i"))).toBe(false);
    expect([chain.isTaken, chain.isOver]).toEqual([false, false]);
  });

  it("is over with its step when that asks for nothing, and when its events are awaited by nobody", () => {
    expect(begun().isOver).toBe(true);
    expect(begun(eventLine("e", "v")).isOver).toBe(true);
  });

  it("are the outcomes of its intents, and what these caused", () => {
    const chain = begun(intentLine("e", "i1"));
    expect(chain.take(outcome("o1", "i1", intentLine("e", "i2")))).toBe(true);
    expect(chain.isOver).toBe(false);
    expect(chain.take(outcome("o2", "i2"))).toBe(true);
    expect(chain.isOver).toBe(true);
  });

  it("are the confirmations of its events", () => {
    const chain = begun(paid("v"));
    expect(chain.isOver).toBe(false);
    expect(chain.take(confirmation("w"))).toBe(false);
    expect(chain.take(confirmation("v"))).toBe(true);
    expect(chain.isOver).toBe(true);
  });

  it("ends with an intent that ended without an outcome", () => {
    const chain = begun(intentLine("e", "i"));
    expect(chain.take(groupOf(1, endLine("e", "j")))).toBe(false);
    expect(chain.take(groupOf(1, endLine("e", "i")))).toBe(true);
    expect(chain.isOver).toBe(true);
  });

  it("is neither another message nor a deadline, nor an outcome that was taken already", () => {
    const chain = begun(intentLine("e", "i"));
    for (const of of ["bus", "deadline", "drift"])
      expect(chain.take(groupOf(1, stepLine("e", "x", { of })))).toBe(false);
    expect(chain.take(outcome("o", "i"))).toBe(true);
    expect(chain.take(outcome("o", "i"))).toBe(false);
    expect(chain.take(groupOf(1, stepLine("e", "m")))).toBe(false);
  });

  it("belongs to one message only, however the steps of several are mixed", () => {
    const names = fc.array(fc.constantFrom("a", "b", "c"), { maxLength: 40 });
    fc.assert(
      fc.property(names, (order) => {
        const chains = new Map(["a", "b", "c"].map((name) => [name, new Chain(name, AWAITS)]));
        const steps = new Map<string, number>();
        for (const name of order) {
          const nth = steps.get(name) ?? 0;
          steps.set(name, nth + 1);
          const next = intentLine("e", `${name}${nth}`);
          const group =
            nth === 0 ? groupOf(1, stepLine("e", name), next) : outcome(`${name}-${nth}`, `${name}${nth - 1}`, next);
          const takers = [...chains].filter(([, chain]) => chain.take(group)).map(([taker]) => taker);
          expect(takers).toEqual([name]);
        }
      }),
    );
  });
});
