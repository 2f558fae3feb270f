import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DeadlineIndex } from "../../../runtime/shell/deadlines/deadline-index.ts";
import { Partition } from "../../../runtime/shell/partitions/partition.ts";

const partition = () =>
  new Partition({ number: 0, epoch: 1, nextSeq: 1, publishedSeq: 0, positions: new Map(), entitiesMax: 10 });
const ownerOf = (owner: Partition, entityId: string) => ({
  partition: owner,
  entityId,
  attemptId: "a",
  correlationId: "c",
});
const at = (ms: number) => ({ liveness: { at: ms, renewedAt: null } });

describe("the deadline index", () => {
  it("returns due deadlines once, in the order of time", () => {
    const index = new DeadlineIndex();
    const owner = partition();
    index.set(ownerOf(owner, "late"), {}, at(300));
    index.set(ownerOf(owner, "early"), {}, at(100));
    expect(index.popDue(50)).toEqual([]);
    expect(index.popDue(300).map(({ entityId }) => entityId)).toEqual(["early", "late"]);
    expect(index.popDue(1_000)).toEqual([]);
  });

  it("notices a renewal that came while the firing waited", () => {
    const index = new DeadlineIndex();
    const owner = partition();
    index.set(ownerOf(owner, "n"), {}, at(100));
    const [due] = index.popDue(100);
    index.set(ownerOf(owner, "n"), at(100), at(500));
    expect(due && index.isCurrent(due)).toBe(false);
    expect(index.popDue(499)).toEqual([]);
    expect(index.popDue(500)).toMatchObject([{ entityId: "n", at: 500 }]);
  });

  it("forgets the deadlines of lost partitions", () => {
    const index = new DeadlineIndex();
    const owner = partition();
    index.set(ownerOf(owner, "n"), {}, at(100));
    owner.isLost = true;
    index.dropLost();
    expect(index.size).toBe(0);
    expect(index.popDue(1_000)).toEqual([]);
  });

  it("agrees with a plain map for any history of arming, renewing, disarming and reading", () => {
    const action = fc.oneof(
      fc.record({
        kind: fc.constant("set" as const),
        id: fc.integer({ min: 0, max: 4 }),
        ms: fc.integer({ min: 1, max: 200 }),
      }),
      fc.record({ kind: fc.constant("disarm" as const), id: fc.integer({ min: 0, max: 4 }) }),
      fc.record({ kind: fc.constant("ask" as const), ms: fc.integer({ min: 1, max: 50 }) }),
    );
    fc.assert(
      fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
        const index = new DeadlineIndex();
        const owner = partition();
        const model = new Map<string, number>();
        let now = 0;
        for (const each of actions) {
          if (each.kind === "ask") {
            now += each.ms;
            const expected = [...model].filter(([, ms]) => ms <= now).map(([id]) => id);
            expect(new Set(index.popDue(now).map(({ entityId }) => entityId))).toEqual(new Set(expected));
            for (const id of expected) {
              index.set(ownerOf(owner, id), at(model.get(id) ?? 0), {});
              model.delete(id);
            }
            continue;
          }
          const id = `n${each.id}`;
          const before = model.get(id);
          if (each.kind === "set") {
            index.set(ownerOf(owner, id), before === undefined ? {} : at(before), at(now + each.ms));
            model.set(id, now + each.ms);
          } else if (before !== undefined) {
            index.set(ownerOf(owner, id), at(before), {});
            model.delete(id);
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});
