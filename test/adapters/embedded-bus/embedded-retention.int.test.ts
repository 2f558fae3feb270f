import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { LogEnds } from "../../../runtime/ports/event-bus.ts";
import type { Store } from "../../../runtime/ports/store.ts";
import { openInitializedStore } from "../../initialized-store.ts";
import { emptyTables, publisherOn, startOrders, until } from "../../shell/orders.ts";
import { numberedMessages, patience } from "../bus-messages.ts";
import { RecordingListener } from "../bus-listener.ts";
import { LogStage } from "./log-stage.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** Of the orders. */
const TOPIC = "test.shop.place-order";

describe("what the embedded log keeps", () => {
  let store: Store;
  let stage: LogStage;
  beforeAll(async () => {
    store = await openInitializedStore();
  });
  beforeEach(async () => {
    await emptyTables(store);
    stage = new LogStage(store);
  });
  afterEach(() => stage.close());
  afterAll(() => store.close());

  /** As a turn of the domain does it. */
  const storePosition = (domain: string, next: number, topic = stage.topic, partition = 0) =>
    store.query(
      `insert into rollcall.source_offset (domain, topic, partition, next_offset) values ($1, $2, $3, $4)
       on conflict (domain, topic, partition) do update set next_offset = excluded.next_offset`,
      [domain, topic, partition, next],
    );
  const numbered = (count: number, topic = stage.topic, partition = 0) => numberedMessages(topic, partition, 0, count);
  /** Until a sweep has left exactly these. */
  const passUntilLeft = (from: number, to: number, topic = stage.topic, partition = 0) =>
    stage.passUntil(async () => {
      const left = await stage.offsets(topic, partition);
      return left[0] === from && left.at(-1) === to - 1 && left.length === to - from;
    }, 10_000);
  /** Until a sweep has deleted what it may: it does so with a record of long ago. */
  const passOneSweep = async () => {
    await store.query(
      `insert into rollcall.bus_record (topic, partition, "offset", headers, appended_at)
       select $1, 0, o, '{}', 'epoch' from generate_series(0, 1) as o`,
      [`${stage.topic}-out`],
    );
    await passUntilLeft(1, 2, `${stage.topic}-out`);
  };

  it("deletes old records that are no longer needed, in small batches, and never a partition's newest", async () => {
    const bus = await stage.open();
    for (let call = 0; call < 5; call += 1) await bus.publish(numbered(1_000), patience);
    await bus.publish(numbered(3, `${stage.topic}-out`), patience);
    stage.clock.pass(2 * dayMs);
    // Nobody reads the output, so its age is enough; the input is read, and no position is stored yet.
    await passUntilLeft(2, 3, `${stage.topic}-out`);
    expect(await stage.offsets()).toHaveLength(5_000);

    await storePosition("orders", 4_500);
    const sizes = new Set<number>();
    await stage.passUntil(async () => {
      const left = (await stage.offsets()).length;
      sizes.add(left);
      return left === 500;
    }, 400);
    expect([...sizes]).toEqual([5_000, 3_000, 1_000, 500]);
    expect((await bus.logEnds([stage.topic], patience)).get(stage.topic)?.get(0)).toEqual({ low: 4_500, high: 5_000 });

    await storePosition("orders", 5_000);
    await passUntilLeft(4_999, 5_000);
    expect((await bus.logEnds([stage.topic], patience)).get(stage.topic)?.get(0)?.low).toBe(4_999);
    const next = await stage.open();
    expect((await next.logEnds([stage.topic], patience)).get(stage.topic)?.get(0)).toEqual({ low: 4_999, high: 5_000 });
  });

  it("keeps young records that were read already", async () => {
    const bus = await stage.open();
    await bus.publish(numbered(10), patience);
    stage.clock.pass(dayMs / 2);
    await bus.publish(numbered(10), patience);
    await storePosition("orders", 20);
    stage.clock.pass(dayMs * 0.75);
    await passUntilLeft(10, 20);
    await passOneSweep();
    expect(await stage.offsets()).toHaveLength(10);
  });

  it("keeps what one of several domains has not read", async () => {
    const broker = stage.broker();
    const bus = await stage.open({ broker });
    await stage.open({ broker, domain: "mail", listener: new RecordingListener() });
    await bus.publish(numbered(10), patience);
    await storePosition("orders", 8);
    stage.clock.pass(2 * dayMs);
    await passOneSweep();
    expect(await stage.offsets()).toHaveLength(10);
    await storePosition("mail", 5);
    await passUntilLeft(5, 10);
    await storePosition("mail", 10);
    await passUntilLeft(8, 10);
  });

  it("keeps nothing for a domain that has left before it read anything", async () => {
    const broker = stage.broker();
    const bus = await stage.open({ broker });
    const left = await stage.open({ broker, domain: "mail", listener: new RecordingListener() });
    await bus.publish(numbered(10), patience);
    await storePosition("orders", 10);
    await left.close();
    stage.clock.pass(2 * dayMs);
    await passUntilLeft(9, 10);
  });

  it("keeps for 7 days what a domain that does not run has not read, in each partition", async () => {
    const bus = await stage.open({ partitions: 2 });
    for (const partition of [0, 1]) {
      await bus.publish(numbered(10, stage.topic, partition), patience);
      await storePosition("orders", 10, stage.topic, partition);
    }
    await storePosition("away", 5);
    stage.clock.pass(6 * dayMs);
    await passUntilLeft(5, 10);
    await passOneSweep();
    expect(await stage.offsets(stage.topic, 1)).toHaveLength(10);
    stage.clock.pass(dayMs);
    await passUntilLeft(9, 10);
    await passUntilLeft(9, 10, stage.topic, 1);
  });

  it("deletes records of topics that no domain of the process knows", async () => {
    const former = await stage.open();
    await former.publish(numbered(10), patience);
    await former.close();
    await stage.open({ domain: "mail", topics: [`${stage.topic}-mail`] });
    stage.clock.pass(2 * dayMs);
    await passUntilLeft(9, 10);
  });

  it("goes on sweeping while one of its buses is replaced", async () => {
    const broker = stage.broker();
    const first = await stage.open({ broker });
    const other = await stage.open({ broker, domain: "mail", topics: [`${stage.topic}-mail`] });
    await first.publish(numbered(10, `${stage.topic}-out`), patience);
    await first.close();
    await other.close();
    await stage.open({ broker });
    stage.clock.pass(2 * dayMs);
    await passUntilLeft(9, 10, `${stage.topic}-out`);
  });

  it("asks a domain that fell behind what is kept to begin again at its stored position", async () => {
    const bus = await stage.open();
    bus.startPartition(0, new Map([[stage.topic, 0]]));
    bus.pause([0]);
    await bus.publish(numbered(10), patience);
    await storePosition("orders", 2);
    stage.clock.pass(7 * dayMs + 1);
    await passUntilLeft(9, 10);
    bus.resume([0]);
    await stage.passUntil(() => stage.listener.assignments.length === 2);
    expect(stage.listener.calls).toEqual(["assigned", "revoked", "assigned"]);
    expect(stage.listener.records).toEqual([]);
    expect((await bus.logEnds([stage.topic], patience)).get(stage.topic)?.get(0)).toEqual({ low: 9, high: 10 });
    bus.startPartition(0, new Map([[stage.topic, 9]]));
    await stage.passUntil(() => stage.listener.records.length === 1);
    expect(stage.listener.calls).toHaveLength(3);
  });

  it("lets a domain that comes back later journal what it has missed", async () => {
    const orders = Array.from({ length: 40 }, (_, n) => ({ order_id: `o${n}`, amount: 1 }));
    const first = await startOrders(store);
    await first.publish("place-order", orders.slice(0, 20));
    await until(async () => (await first.stateOf("o19")) === "TOLD");
    await first.settled();
    await first.runtime.stop();
    const before = await store.query<{ partition: number; next: number }>(
      `select partition, next_offset as next from rollcall.source_offset where topic = $1 order by partition`,
      [TOPIC],
    );

    // Another domain runs meanwhile, and publishes for it.
    const other = await stage.open({ domain: "shop", topics: [stage.topic] });
    stage.clock.wallAtMs = Date.now();
    await publisherOn(other)("place-order", orders.slice(20));
    stage.clock.pass(7 * dayMs + hourMs);
    const ends = async () => (await other.logEnds([TOPIC], patience)).get(TOPIC) ?? new Map<number, LogEnds>();
    await stage.passUntil(async () => [...(await ends()).values()].every(({ low, high }) => low === high - 1), 10_000);
    const kept = await ends();
    await other.close();

    const second = await startOrders(store);
    const gaps = () =>
      store.query<{ partition: number; line: object }>(
        `select partition, line from rollcall.journal where kind = 'gap' order by partition`,
      );
    await until(async () => (await gaps()).length === 4);
    expect(await gaps()).toEqual(
      before.map(({ partition, next: from }) => {
        const to = kept.get(partition)?.low ?? 0;
        const reason = `offsets ${from} to ${to - 1} of ${TOPIC} were gone before they were read`;
        return { partition, line: expect.objectContaining({ reason, topic: TOPIC, from, to }) as object };
      }),
    );
    await second.settled();
    await second.runtime.stop();
  });
});
