import { describe, expect, it } from "vitest";
import { BrokerClock } from "../../../runtime/shell/deadlines/broker-clock.ts";
import { Parking } from "../../../runtime/shell/intents/parking.ts";
import type { RunningIntent } from "../../../runtime/shell/intents/running-intent.ts";
import { Partition } from "../../../runtime/shell/partitions/partition.ts";
import type { ShellContext } from "../../../runtime/shell/shell-context.ts";
import { Inbox, type TriedIntent } from "../../../runtime/shell/turns/inbox.ts";
import { ManualClock } from "../../manual-clock.ts";

function world() {
  const clock = new ManualClock();
  const inbox = new Inbox(clock);
  const brokerClock = new BrokerClock(clock);
  const running: RunningIntent[] = [];
  const stopping = new AbortController().signal;
  const context = { clock, inbox, brokerClock, stopping, onFatal: () => {} } as unknown as ShellContext;
  const stored: RunningIntent[] = [];
  const parking = new Parking(
    context,
    () => running,
    (each) => stored.push(each),
  );
  parking.start();
  const partitions = [0, 1].map(
    (number) => new Partition({ number, epoch: 1, nextSeq: 1, publishedSeq: 0, positions: new Map(), entitiesMax: 1 }),
  ) as [Partition, Partition];
  /** Asked for now. */
  const add = (seq: number, more: Partial<RunningIntent> = {}): RunningIntent => {
    const intent = { id: `i${seq}` } as RunningIntent["intent"];
    const open = { intent, seq, partition: partitions[0], askedAtMs: brokerClock.nowMs(), tries: [], failedTries: 0 };
    const added = { ...open, isParked: false, storedTries: 0, isSettled: false, ...more } as RunningIntent;
    running.push(added);
    return added;
  };
  const fail = (intent: RunningIntent): void => {
    intent.failedTries++;
    parking.add(intent);
  };
  /** What turns would take now. */
  const asked = () =>
    inbox.take(99).flatMap((item) => {
      if (item.kind !== "parked") return [];
      return item.intents.map((intent) => ({ ...intent, partition: item.partition, attempt: "runs" as const }));
    });
  const named = (intents: readonly TriedIntent[]) => intents.map(({ seq, failedTries }) => `${seq}: ${failedTries}`);
  return { clock, running, parking, partitions, stored, add, fail, asked, named };
}

describe("a row for an intent", () => {
  it("is asked for when a call has failed, with all that failed in the same moment", async () => {
    const { add, asked, clock, fail, parking, stored } = world();
    const [, second, third] = [add(1), add(2), add(3)];
    fail(second);
    fail(third);
    await clock.advance(0);
    const first = asked();
    expect(first.map(({ seq, failedTries }) => [seq, failedTries])).toEqual([
      [2, 1],
      [3, 1],
    ]);
    expect([second.storedTries, stored]).toEqual([0, []]);
    parking.written(first);
    expect([second.storedTries, stored]).toEqual([1, [second, third]]);
  });

  it("that the store refuses holds up no other, and counts when it is written after all", async () => {
    const { add, asked, clock, fail, named, parking } = world();
    const first = add(1);
    fail(first);
    await clock.advance(0);
    const refused = asked();
    parking.refused(refused);
    fail(add(2));
    await clock.advance(0);
    expect(named(asked())).toEqual(["2: 1"]);
    parking.written(refused);
    expect(first.storedTries).toBe(1);
  });

  it("is asked for when it has waited for a minute, and once", async () => {
    const { add, asked, clock, named, parking } = world();
    add(1);
    await clock.advance(59_000);
    expect(asked()).toEqual([]);
    await clock.advance(1_000);
    const first = asked();
    expect(named(first)).toEqual(["1: 0"]);
    parking.written(first);
    await clock.advance(10_000);
    expect(asked()).toEqual([]);
  });

  it("is asked for for the oldest thousand first, and for the next when those have one", async () => {
    const { add, asked, clock, parking, partitions } = world();
    const askedAtMs = clock.wallMs();
    for (let seq = 1_500; seq > 0; seq--) add(seq, { askedAtMs: askedAtMs + seq / 2 });
    const old = add(1, { partition: partitions[1], askedAtMs: askedAtMs + 1 / 4 });
    await clock.advance(61_000);
    const first = asked();
    const seqs = (intents: readonly TriedIntent[]) => intents.map(({ seq }) => seq);
    expect(seqs(first).toSorted((a, b) => a - b)).toEqual([1, ...Array.from({ length: 999 }, (_, i) => i + 1)]);
    expect(first.some(({ partition }) => partition === old.partition)).toBe(true);
    await clock.advance(5_000);
    expect(asked(), "while the first are not written").toEqual([]);
    parking.written(first);
    await clock.advance(0);
    expect(seqs(asked())).toEqual(Array.from({ length: 501 }, (_, i) => i + 1_000));
  });

  it("comes before new tries of one that has it", async () => {
    const { add, asked, clock, fail, named, parking } = world();
    const first = add(1);
    fail(first);
    await clock.advance(0);
    parking.written(asked());
    fail(first);
    fail(add(2));
    await clock.advance(0);
    expect(named(asked())).toEqual(["2: 1", "1: 2"]);
  });

  it("is asked for once however long the turn takes, and then again with what failed meanwhile", async () => {
    const { add, asked, clock, fail, named, parking, partitions } = world();
    const intent = add(1);
    for (let second = 0; second < 5; second++) {
      fail(intent);
      await clock.advance(1_000);
    }
    const first = asked();
    expect(named(first)).toEqual(["1: 1"]);
    parking.written(first);
    expect([...partitions[0].parkedIntents.keys()]).toEqual(["i1"]);
    await clock.advance(0);
    expect(named(asked())).toEqual(["1: 5"]);
  });

  it("is not asked for any more when it has ended, or its partition is lost", async () => {
    const { add, asked, clock, fail, named, parking, partitions } = world();
    fail(add(1, { isSettled: true }));
    fail(add(2, { partition: partitions[1] }));
    await clock.advance(0);
    expect(named(asked())).toEqual(["2: 1"]);
    // What was asked for is never written: it holds nothing else up.
    partitions[1].isLost = true;
    parking.dropLost();
    fail(add(3));
    fail(add(4, { partition: partitions[1] }));
    await clock.advance(0);
    expect(named(asked())).toEqual(["3: 1"]);
  });
});
