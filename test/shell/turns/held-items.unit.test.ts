import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Intent } from "../../../runtime/core/intent.ts";
import { UnreadableData } from "../../../runtime/core/entity-data.ts";
import type { Message } from "../../../runtime/core/message.ts";
import { BrokerClock } from "../../../runtime/shell/deadlines/broker-clock.ts";
import { Partition } from "../../../runtime/shell/partitions/partition.ts";
import { HeldItems } from "../../../runtime/shell/turns/held-items.ts";
import { holdUnreadable } from "../../../runtime/shell/turns/hold-unreadable.ts";
import { Inbox, type InboxItem } from "../../../runtime/shell/turns/inbox.ts";
import type { WorkItem } from "../../../runtime/shell/turns/read-items.ts";
import { ManualClock } from "../../manual-clock.ts";

type Published = Extract<InboxItem, { kind: "published" }>;

const partitionOf = (number: number): Partition =>
  new Partition({ ...{ number, epoch: 1, nextSeq: 1, publishedSeq: 0, entitiesMax: 9 }, positions: new Map() });
const problem = new UnreadableData("/amount", "no number");
const UNREADABLE = { kind: "unreadable" } as const;
const refused = { kind: "refused", error: "no room for it" } as const;
const about = (entityId: string) => ({ type: "published(OrderPaid)", entityId }) as Message;
const published = (
  partition: Partition,
  throughSeq: number,
  messages: Readonly<Record<number, string>>,
): Published => ({
  ...{ kind: "published", partition, throughSeq },
  messages: Object.entries(messages).map(([seq, id]) => ({ seq: Number(seq), message: about(id) })),
});
const settled = (partition: Partition, entityId: string): InboxItem => ({
  ...{ kind: "settled", partition, seq: 1, isParked: false, note: "done" },
  intent: { id: `i-${entityId}`, type: "card.charge", entityId } as Intent,
});

/** Two entities of a partition that can't be read. */
function world() {
  const clock = new ManualClock();
  const inbox = new Inbox(clock);
  const [held, partition] = [new HeldItems({ clock, brokerClock: new BrokerClock(clock), inbox }), partitionOf(3)];
  for (const id of ["a", "b"]) held.unreadable.add(partition, id, problem, 5);
  const mend = (id: string) => {
    held.unreadable.delete(id);
    held.retryReadable();
  };
  return { clock, held, partition, mend, tried: () => inbox.take(9) };
}

describe("what waits for entities that can't be read", () => {
  it("is tried again when its entity can be", () => {
    const { held, partition, mend, tried } = world();
    const item = settled(partition, "a");
    held.hold(item, UNREADABLE);
    mend("b");
    expect(tried()).toEqual([]);
    mend("a");
    expect(tried()).toEqual([item]);
    mend("a");
    expect([tried(), held.has(item)]).toEqual([[], true]);
    held.forget(item);
    expect(held.has(item)).toBe(false);
  });

  it("is tried again at once when the entity was mended before its turn was committed", () => {
    const { held, partition, mend, tried } = world();
    mend("a");
    held.hold(settled(partition, "a"), UNREADABLE);
    expect(tried()).toEqual([settled(partition, "a")]);
  });

  it("is not listed as refused, and no operator takes it back", () => {
    const { held, partition } = world();
    held.hold(settled(partition, "a"), UNREADABLE);
    expect([held.refusedTurns, held.takeOutcome("i-a")]).toEqual([[], false]);
  });

  it("is looked at in turn, and its entity counts from the first time", () => {
    const { held, partition } = world();
    held.unreadable.add(partition, "a", problem, 50);
    expect(held.unreadable.oldest(2).map(({ entityId, foundAtMs }) => [entityId, foundAtMs])).toEqual([
      ["b", 5],
      ["a", 5],
    ]);
  });

  it("is of a publish only what is about them", () => {
    const { held, partition } = world();
    const item = published(partition, 9, { 4: "a", 6: "c", 7: "b" });
    const step = ({ message }: Published["messages"][number]): WorkItem => {
      return { kind: "step", item, message, isAlwaysJournaled: true };
    };
    const work: readonly WorkItem[] = [{ kind: "bookkeeping", item }, ...item.messages.map(step)];
    const divided = holdUnreadable(work, (id) => held.unreadable.has(id), held.unreadable);
    expect(divided.held).toEqual([published(partition, 4, { 4: "a" }), published(partition, 7, { 7: "b" })]);
    const left = published(partition, 9, { 6: "c" });
    expect(divided.work).toEqual([{ kind: "bookkeeping", item: left }, { ...work[2] }]);
    expect(partition.publishedSeqWith(left)).toBe(3);
  });
});

describe("what waits because the store refuses it", () => {
  it("is tried again after a second, then after two, up to a minute", async () => {
    const { clock, held, partition, tried } = world();
    const item = settled(partition, "c");
    for (const waitMs of [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]) {
      held.hold(item, refused);
      await clock.advance(waitMs - 1);
      expect(tried()).toEqual([]);
      await clock.advance(1);
      expect(tried()).toEqual([item]);
    }
    expect(held.refusedTurns).toEqual([
      {
        ...{ partition: 3, entityId: "c", type: "card.charge", intentId: "i-c", error: "no room for it" },
        ...{ sinceMs: expect.any(Number) as number, times: 8 },
      },
    ]);
  });

  it("is taken back by an operator, unless it is being tried", async () => {
    const { clock, held, partition, tried } = world();
    held.hold(settled(partition, "c"), refused);
    await clock.advance(1_000);
    expect(held.takeOutcome("i-c")).toBe(false);
    const [item] = tried();
    held.hold(item!, refused);
    expect(held.takeOutcome("i-c")).toBe(true);
    await clock.advance(60_000);
    expect([tried(), held.refusedTurns]).toEqual([[], []]);
  });
});

describe("what waits", () => {
  it("is dropped with a partition that is lost", async () => {
    const { clock, held, partition, mend, tried } = world();
    const other = partitionOf(1);
    held.unreadable.add(other, "c", problem, 7);
    expect(held.unreadable.summary).toMatchObject({ count: 3, foundAtMs: 5, partitions: [1, 3] });
    held.hold(settled(partition, "a"), UNREADABLE);
    held.hold(settled(partition, "d"), refused);
    held.hold(settled(other, "c"), UNREADABLE);
    partition.isLost = true;
    held.dropLost();
    expect(held.unreadable.summary).toEqual({
      ...{ count: 1, foundAtMs: 7, partitions: [1] },
      examples: [{ entityId: "c", problem: "/amount: no number" }],
    });
    await clock.advance(60_000);
    mend("a");
    expect([tried(), held.refusedTurns]).toEqual([[], []]);
    mend("c");
    expect(tried()).toEqual([settled(other, "c")]);
  });

  it("holds the cursor of what is published before its event, until the last of them", () => {
    const pieces = fc.array(fc.record({ length: fc.integer({ min: 1, max: 4 }), held: fc.nat(15) }), { minLength: 1 });
    fc.assert(
      fc.property(pieces, fc.infiniteStream(fc.nat()), (confirmed, order) => {
        const { held, partition } = world();
        const waiting: Published[] = [];
        let [published_, cursor] = [0, 0];
        const commit = (item: Published): void => {
          cursor = Math.max(cursor, partition.publishedSeqWith(item));
          held.forget(item);
          const first = Math.min(...waiting.map(({ throughSeq }) => throughSeq), published_ + 1);
          expect(cursor).toBe(first - 1);
        };
        for (const { length, held: bits } of confirmed) {
          const seqs = Array.from({ length }, (_, index) => published_ + 1 + index);
          published_ += length;
          const late = seqs
            .filter((_, index) => (bits >> index) & 1)
            .map((seq) => published(partition, seq, { [seq]: "a" }));
          for (const item of late) held.hold(item, UNREADABLE);
          waiting.push(...late);
          const prompt = seqs.filter((seq) => !late.some(({ throughSeq }) => throughSeq === seq));
          commit(published(partition, published_, Object.fromEntries(prompt.map((seq) => [seq, "c"]))));
        }
        while (waiting.length > 0) {
          const [item] = waiting.splice((order.next().value as number) % waiting.length, 1);
          commit(item!);
        }
      }),
    );
  });
});
