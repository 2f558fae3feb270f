import { describe, expect, it } from "vitest";
import { Partition } from "../../../runtime/shell/partitions/partition.ts";
import { IntentsBefore } from "../../../runtime/shell/turns/intents-before.ts";
import type { PartitionCursors, TurnPlan } from "../../../runtime/shell/turns/turn-plan.ts";
import type { OpenIntent } from "../../../runtime/stored/intents.ts";

type Changes = Pick<TurnPlan, "intents" | "settled" | "parked">;

const partitionWith = (nextSeq: number, journaled: readonly number[], parked: readonly number[] = []): Partition => {
  const partition = new Partition({
    ...{ number: 0, epoch: 1, nextSeq, publishedSeq: 0, positions: new Map(), entitiesMax: 1 },
  });
  for (const seq of journaled) partition.journaledIntents.set(`i${seq}`, open(seq));
  for (const seq of parked) partition.parkedIntents.set(`i${seq}`, open(seq));
  return partition;
};
/** Odd lines are of the entity "odd". */
const open = (seq: number): OpenIntent => ({
  ...{ seq, askedAtMs: 0, intent: { id: `i${seq}`, entityId: seq % 2 ? "odd" : "even" } as OpenIntent["intent"] },
});
const changes = (
  partition: Partition,
  { asked = [], ended = [], parked = [] }: Partial<Record<"asked" | "ended" | "parked", readonly number[]>>,
): Changes => ({
  intents: asked.map((seq) => ({ partition, ...open(seq) })),
  settled: ended.map((seq) => ({ partition, ...open(seq), isParked: false })),
  parked: parked.map((seq) => ({
    ...{ partition, ...open(seq), failedTries: 1, tries: [] },
    ...{ notYet: undefined, isFirstNotYet: false, attempt: "runs" },
  })),
});

describe("an entity's open intents before a turn", () => {
  it("are those of the store, oldest first, whether they have a row or not", () => {
    const partition = partitionWith(9, [3, 4, 5], [1, 7]);
    const ids = new IntentsBefore().ofEntity(partition, "odd").map(({ id }) => id);
    expect(ids).toEqual(["i1", "i3", "i5", "i7"]);
  });

  it("are those that the turn under way leaves, once each, also when it has just ended", () => {
    const partition = partitionWith(9, [1, 3, 5], [7]);
    const base = changes(partition, { asked: [11, 13], ended: [3, 7], parked: [5] });
    const elsewhere = changes(partitionWith(9, []), { asked: [15] });
    const before = () => new IntentsBefore({ ...base, intents: [...base.intents, ...elsewhere.intents] });
    const wanted = ["i1", "i5", "i11", "i13"];
    expect(
      before()
        .ofEntity(partition, "odd")
        .map(({ id }) => id),
    ).toEqual(wanted);
    partition.journaledIntents.delete("i3");
    partition.parkedIntents.delete("i7");
    partition.park(open(5));
    for (const seq of [11, 13]) partition.journaledIntents.set(`i${seq}`, open(seq));
    expect(
      before()
        .ofEntity(partition, "odd")
        .map(({ id }) => id),
    ).toEqual(wanted);
    expect(before().ofEntity(partition, "nobody")).toEqual([]);
  });
});

describe("pending_seq after a turn", () => {
  const after = (partition: Partition, of: Parameters<typeof changes>[1], base: Parameters<typeof changes>[1] = {}) => {
    const cursors: PartitionCursors = {
      partition,
      nextSeq: 20,
      publishedSeq: 0,
      outgoingSeq: 0,
      positions: new Map(),
      pendingSeq: 0,
    };
    const plan = { ...changes(partition, of), cursors: new Map([[partition, cursors]]) };
    new IntentsBefore(changes(partition, base)).movePendingSeqs(plan);
    return cursors.pendingSeq;
  };

  it.each([
    ["the next line when nothing is open", {}, {}, [], 20],
    ["the oldest one that is open", {}, {}, [4, 6], 4],
    ["the oldest behind those that end", { ended: [4] }, {}, [4, 6], 6],
    ["the oldest behind those that get a row", { parked: [4, 6] }, {}, [4, 6, 8], 8],
    ["the oldest although younger ones end or get a row", { ended: [6], parked: [8] }, {}, [4, 6, 8], 4],
    ["the first one that it asks for", { asked: [12, 13], ended: [4] }, {}, [4], 12],
    ["the first one that the turn under way asks for", { asked: [17] }, { asked: [12, 13], ended: [4] }, [4], 12],
    ["the first one of that turn which does not end", { ended: [12], asked: [17] }, { asked: [12, 13] }, [], 13],
    ["the next line when all of that turn get a row", { parked: [12, 13] }, { asked: [12, 13] }, [], 20],
    ["behind what that turn gives a row", {}, { parked: [4] }, [4, 6], 6],
  ])("is %s", (_, of, base, journaled, wanted) => {
    expect(after(partitionWith(9, journaled, [1, 2]), of, base)).toBe(wanted);
  });

  it("is each partition's own", () => {
    const [one, other] = [partitionWith(9, []), partitionWith(9, [])];
    const cursors = [one, other].map((partition) => ({
      ...{
        partition,
        nextSeq: 20,
        publishedSeq: 0,
        outgoingSeq: 0,
        positions: new Map<string, number>(),
        pendingSeq: 0,
      },
    }));
    const asked = [...changes(other, { asked: [7] }).intents, ...changes(one, { asked: [9] }).intents];
    const plan = {
      intents: asked,
      settled: [],
      parked: [],
      cursors: new Map(cursors.map((each) => [each.partition, each])),
    };
    new IntentsBefore().movePendingSeqs(plan);
    expect(cursors.map(({ pendingSeq }) => pendingSeq)).toEqual([9, 7]);
  });
});
