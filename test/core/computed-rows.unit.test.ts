import { describe, expect, it } from "vitest";
import { computeRows, hasSameRows, ROW_LIMITS } from "../../runtime/core/computed-rows.ts";
import type { Entity } from "../../runtime/core/entity.ts";
import type { ProjectionSpec } from "../../runtime/core/projection.ts";
import { viewsOf } from "../contract/viewed-orders.ts";
import { ordersDomain } from "../shell/orders.ts";

const domain = { ...ordersDomain(), ...viewsOf() };
const [list, parts] = domain.projections as readonly [ProjectionSpec, ProjectionSpec];
const entity: Entity = {
  ...{ id: "o1", state: "PAID", reducerState: "settled", data: { amount: 2 }, seq: 3, publishedSeq: null },
  ...{ attempt: { number: 1, id: "a", correlationIds: [], awaiting: [] }, deadlines: {}, stateSince: 0 },
};
const GOOD = {
  ...{ amount: 1, status: "PAID", note: null, marks: [], half: 0.5, open: true },
  ...{ placed: "2026-01-31T00:00:00Z", about: { attempt: 1, texts: [] } },
};
const of = (made: () => unknown, spec = list, tookMs = 0) => {
  let nowMs = 0;
  return computeRows({ ...spec, of: made }, domain, entity, () => (nowMs += tookMs));
};
const endless = (): number => 1 + endless();

describe("an entity's rows", () => {
  it("are what the function makes, with the entity's id", () => {
    expect(of(() => GOOD)).toEqual({ rows: [{ order_id: "o1", ...GOOD }] });
    expect(of(() => null)).toEqual({ rows: [] });
    expect(of(() => GOOD, list, ROW_LIMITS.ms)).toHaveProperty("rows");
    expect(computeRows({ ...list, of: endless }, domain, { ...entity, state: null }, () => 0)).toEqual({ rows: [] });
  });

  it.each<readonly [string, () => unknown, string]>([
    ["throws", () => JSON.parse("{"), "it throws SyntaxError"],
    ["calls itself without end", endless, "it throws RangeError"],
    ["returns a Promise", () => Promise.reject(new Error("later")), "it returns a Promise"],
    ["returns nothing", () => undefined, "expected object, received undefined"],
    ["returns NaN", () => ({ ...GOOD, half: Number.NaN }), "half: "],
    ["returns a part of an integer", () => ({ ...GOOD, amount: 1.5 }), "amount: "],
    ["returns a column that is none", () => ({ ...GOOD, more: 1 }), 'Unrecognized key: "more"'],
    ["returns a NUL", () => ({ ...GOOD, status: "a\0" }), "status has a NUL"],
    ["returns a NUL in JSON", () => ({ ...GOOD, about: { attempt: 1, texts: ["a\0"] } }), "about has a NUL"],
    ["returns half a character", () => ({ ...GOOD, note: "\ud800" }), "note has half of a character"],
    ["returns one in a list", () => ({ ...GOOD, marks: ["\udc00"] }), "marks has half of a character"],
    ["returns a time that Postgres lacks", () => ({ ...GOOD, placed: "0000-01-01T00:00:00Z" }), "placed is no time"],
    ["returns what an index can't have", () => ({ ...GOOD, status: "a".repeat(3_000) }), "status is too long for its"],
    ["returns such an item", () => ({ ...GOOD, marks: ["ä".repeat(1_300)] }), "marks is too long for its index"],
    [
      "returns a large row",
      () => ({ ...GOOD, about: { attempt: 1, texts: ["a".repeat(70_000)] } }),
      "the row has more",
    ],
  ])("can't be had of a function that %s", (_what, made, fault) => {
    expect(of(made)).toEqual({ fault: expect.stringContaining(fault) });
  });

  it("are had of a function that the machine has interrupted once", () => {
    const readings = [0, ROW_LIMITS.ms + 1, 100, 101];
    const interrupted = { ...list, of: () => GOOD };
    expect(computeRows(interrupted, domain, entity, () => readings.shift() ?? 0)).toHaveProperty("rows");
  });

  it("can't be had of one that takes too long, or of several rows that are one", () => {
    expect(of(() => GOOD, list, ROW_LIMITS.ms + 1)).toEqual({ fault: "it takes more than 50 ms" });
    expect(of(() => GOOD, parts)).toEqual({ fault: "it returns no list" });
    const part = { part: 1, size: 1 };
    expect(of(() => [part, { part: 1, size: 2 }], parts)).toEqual({ fault: 'two rows have the key ["o1",1]' });
    const many = Array.from({ length: 1_001 }, (_, at) => ({ part: at, size: 1 }));
    expect(of(() => many, parts)).toEqual({ fault: "it returns more than 1000 rows" });
    expect(of(() => many.slice(1), parts)).toHaveProperty("rows.length", 1_000);
  });

  it("a backslash that stands before u0000 is not a NUL", () =>
    expect(of(() => ({ ...GOOD, about: { attempt: 1, texts: ["\\u0000"] } }))).toHaveProperty("rows"));

  it("are the same for an entity of which only deadlines, or what it waits for, have moved", () => {
    const renewed = { ...entity, deadlines: { pickup: { at: 5, renewedAt: 4 } }, seq: 4 };
    expect(hasSameRows(entity, { ...renewed, attempt: { ...entity.attempt, awaiting: ["i"] } })).toBe(true);
    const others: readonly Partial<Entity>[] = [
      ...[{ state: "TOLD" }, { stateSince: 1 }, { data: { amount: 2 } }, { attempt: { ...entity.attempt, number: 2 } }],
      { endedAt: 1 },
    ];
    for (const other of others) expect(hasSameRows(entity, { ...entity, ...other })).toBe(false);
    expect(hasSameRows(undefined, entity)).toBe(false);
  });
});
