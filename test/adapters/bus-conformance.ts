import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import type { EventBus, OutgoingMessage } from "../../runtime/ports/event-bus.ts";
import { describeBusGroups } from "./bus-groups-conformance.ts";
import { RecordingListener } from "./bus-listener.ts";
import { message, numbered, numberedMessages, patience, quietMs, uniqueTopic } from "./bus-messages.ts";

/** Buses of one `create` share their log; each is a member of a consumer group of its own. */
export interface BusFactory {
  create(): Promise<EventBus>;
}

/** The suite of every EventBus. Each test creates its own topics, so that the log may be shared with other tests. */
export function describeEventBus(name: string, factory: BusFactory): void {
  describe(`${name}, as an event bus`, () => {
    const open: EventBus[] = [];
    const create = async (): Promise<EventBus> => {
      const bus = await factory.create();
      open.push(bus);
      return bus;
    };
    afterEach(async () => {
      await Promise.all(open.splice(0).map((bus) => bus.close()));
    });

    /** A bus with one topic of `partitions` partitions, subscribed and assigned, not started. */
    const subscribed = async (partitions: number) => {
      const bus = await create();
      const topic = uniqueTopic("in");
      await bus.prepare({ input: [topic], output: [], partitions });
      const listener = new RecordingListener();
      await bus.subscribe([topic], listener);
      await listener.until(() => listener.assignments.length > 0);
      return { bus, topic, listener };
    };

    describe("preparing", () => {
      it("creates missing topics and returns the partition count that all have", async () => {
        const bus = await create();
        const input = uniqueTopic("in");
        const output = uniqueTopic("out");
        expect(await bus.prepare({ input: [input], output: [output], partitions: 3 })).toEqual({ partitions: 3 });

        const { topics } = await bus.describe([input, output]);
        expect(topics).toContainEqual({ topic: input, partitions: 3, logAppendTime: true });
        expect(topics.find(({ topic }) => topic === output)?.partitions).toBe(3);
      });

      it("gives new topics the partition count of the existing ones", async () => {
        const bus = await create();
        const old = uniqueTopic("old");
        await bus.prepare({ input: [old], output: [], partitions: 2 });
        const young = uniqueTopic("young");
        expect(await bus.prepare({ input: [old, young], output: [], partitions: 7 })).toEqual({ partitions: 2 });
        const { topics } = await bus.describe([young]);
        expect(topics[0]?.partitions).toBe(2);
      });

      it("refuses topics with unequal partition counts and names them", async () => {
        const bus = await create();
        const [two, three] = [uniqueTopic("two"), uniqueTopic("three")];
        await bus.prepare({ input: [two], output: [], partitions: 2 });
        await bus.prepare({ input: [three], output: [], partitions: 3 });
        const refused = bus.prepare({ input: [two], output: [three], partitions: 2 });
        await expect(refused).rejects.toMatchObject({ code: "TOPICS_UNEQUAL", retryable: false });
        await expect(refused).rejects.toThrow(two);
        await expect(refused).rejects.toThrow(three);
      });
    });

    describe("delivering", () => {
      it("assigns every partition to the only member, and delivers nothing before start", async () => {
        const { bus, topic, listener } = await subscribed(3);
        expect([...(listener.assignments[0] ?? [])].sort()).toEqual([0, 1, 2]);
        await bus.publish([message(topic, 0, "early")], patience);
        await sleep(quietMs);
        expect(listener.records).toEqual([]);
      });

      it("tells at which offset each published message lies, in however many calls", async () => {
        const { bus, topic } = await subscribed(2);
        const first = await bus.publish(
          [message(topic, 1, "a"), message(topic, 0, "b"), message(topic, 1, "c")],
          patience,
        );
        expect(first.offsets()).toEqual([0, 0, 1]);
        const large = "x".repeat(300 * 1024);
        const second = await bus.publish(
          [1, 1, 0, 1].map((partition) => message(topic, partition, large)),
          patience,
        );
        expect(second.offsets()).toEqual([2, 3, 1, 4]);
      });

      it("delivers keys, values and headers byte for byte", async () => {
        const { bus, topic, listener } = await subscribed(1);
        const bytes = Buffer.from(Uint8Array.from({ length: 256 }, (_, byte) => byte));
        await bus.publish(
          [
            { topic, partition: 0, key: bytes, value: bytes, headers: { text: "grüße", bytes, empty: "" } },
            { topic, partition: 0, key: Buffer.from("k"), value: null, headers: {} },
            { topic, partition: 0, key: null, value: Buffer.alloc(0), headers: {} },
          ],
          patience,
        );
        bus.startPartition(0, new Map([[topic, 0]]));
        await listener.until(() => listener.records.length === 3);

        const [full, tombstone, keyless] = listener.records;
        expect(full).toMatchObject({ topic, partition: 0, offset: 0, key: bytes, value: bytes });
        expect(full?.headers).toEqual({ text: Buffer.from("grüße"), bytes, empty: Buffer.alloc(0) });
        expect(tombstone).toMatchObject({ offset: 1, key: Buffer.from("k"), value: null, headers: {} });
        expect(keyless).toMatchObject({ offset: 2, key: null, value: Buffer.alloc(0) });
      });

      it("delivers from the given offset on, each record once and in order", async () => {
        const { bus, topic, listener } = await subscribed(1);
        await bus.publish(numberedMessages(topic, 0, 0, 10), patience);
        bus.startPartition(0, new Map([[topic, 4]]));
        await listener.until(() => listener.records.length >= 6);
        await bus.publish(numberedMessages(topic, 0, 10, 12), patience);
        await listener.until(() => listener.records.length >= 8);
        await sleep(quietMs);
        expect(listener.values(topic, 0)).toEqual(numbered(4, 12));
        expect(listener.records.map(({ offset }) => offset)).toEqual([4, 5, 6, 7, 8, 9, 10, 11]);
      });

      it("delivers what is published while it reads, without loss, repeat or reordering", async () => {
        const bus = await create();
        const topics = [uniqueTopic("a"), uniqueTopic("b")];
        await bus.prepare({ input: topics, output: [], partitions: 2 });
        const listener = new RecordingListener();
        await bus.subscribe(topics, listener);
        await listener.until(() => listener.assignments.length > 0);
        const round = (from: number, to: number): OutgoingMessage[] =>
          numbered(from, to).flatMap((value) =>
            topics.flatMap((topic) => [message(topic, 0, value), message(topic, 1, value)]),
          );

        await bus.publish(round(0, 200), patience);
        for (const partition of [0, 1]) bus.startPartition(partition, new Map(topics.map((topic) => [topic, 0])));
        for (let from = 200; from < 600; from += 20) await bus.publish(round(from, from + 20), patience);
        await listener.until(() => listener.records.length >= 2400);
        await sleep(quietMs);
        for (const topic of topics)
          for (const partition of [0, 1]) expect(listener.values(topic, partition)).toEqual(numbered(0, 600));
      });

      it("starts only the given partitions", async () => {
        const { bus, topic, listener } = await subscribed(2);
        await bus.publish([message(topic, 0, "zero"), message(topic, 1, "one")], patience);
        bus.startPartition(1, new Map([[topic, 0]]));
        await listener.until(() => listener.records.length > 0);
        await sleep(quietMs);
        expect(listener.values(topic, 0)).toEqual([]);
        expect(listener.values(topic, 1)).toEqual(["one"]);
      });

      it("delivers again from an earlier offset when started again", async () => {
        const { bus, topic, listener } = await subscribed(1);
        await bus.publish(numberedMessages(topic, 0, 0, 5), patience);
        bus.startPartition(0, new Map([[topic, 0]]));
        await listener.until(() => listener.records.length === 5);
        bus.startPartition(0, new Map([[topic, 3]]));
        await listener.until(() => listener.records.length >= 7);
        await sleep(quietMs);
        expect(listener.values(topic, 0)).toEqual([...numbered(0, 5), ...numbered(3, 5)]);
      });
    });

    describe("backpressure", () => {
      it("delivers nothing of a paused partition, and everything after resume", async () => {
        const { bus, topic, listener } = await subscribed(2);
        for (const partition of [0, 1]) bus.startPartition(partition, new Map([[topic, 0]]));
        await bus.publish([message(topic, 0, "0"), message(topic, 1, "0")], patience);
        await listener.until(() => listener.records.length === 2);

        bus.pause([0]);
        for (const value of numbered(1, 30))
          await bus.publish([message(topic, 0, value), message(topic, 1, value)], patience);
        await listener.until(() => listener.values(topic, 1).length === 30);
        await sleep(quietMs);
        expect(listener.values(topic, 0)).toEqual(["0"]);

        bus.resume([0]);
        await listener.until(() => listener.values(topic, 0).length >= 30);
        await sleep(quietMs);
        expect(listener.values(topic, 0)).toEqual(numbered(0, 30));
        expect(listener.values(topic, 1)).toEqual(numbered(0, 30));
      });

      it("neither loses nor repeats records when paused and resumed in the middle of a backlog", async () => {
        const { bus, topic, listener } = await subscribed(1);
        for (let from = 0; from < 3000; from += 1000)
          await bus.publish(numberedMessages(topic, 0, from, from + 1000), patience);
        bus.startPartition(0, new Map([[topic, 0]]));
        for (let turn = 0; listener.records.length < 3000 && turn < 300; turn += 1) {
          bus.pause([0]);
          await sleep(turn % 3);
          bus.resume([0]);
          await sleep(10);
        }
        await listener.until(() => listener.records.length >= 3000);
        await sleep(quietMs);
        expect(listener.values(topic, 0)).toEqual(numbered(0, 3000));
      });

      it("delivers a paused partition after it is started again", async () => {
        const { bus, topic, listener } = await subscribed(1);
        bus.startPartition(0, new Map([[topic, 0]]));
        bus.pause([0]);
        await bus.publish([message(topic, 0, "held")], patience);
        bus.startPartition(0, new Map([[topic, 0]]));
        await listener.until(() => listener.records.length === 1);
        expect(listener.values(topic, 0)).toEqual(["held"]);
      });
    });

    describe("membership", () => {
      it("revokes and assigns again on request, and delivers nothing until the next start", async () => {
        const { bus, topic, listener } = await subscribed(1);
        bus.startPartition(0, new Map([[topic, 0]]));
        await bus.publish([message(topic, 0, "before")], patience);
        await listener.until(() => listener.records.length === 1);

        bus.requestReassignment();
        await listener.until(() => listener.assignments.length === 2);
        expect(listener.calls.slice(-2)).toEqual(["revoked", "assigned"]);
        expect(listener.assignments[1]).toEqual([0]);

        await bus.publish([message(topic, 0, "after")], patience);
        await sleep(quietMs);
        expect(listener.records).toHaveLength(1);
        bus.startPartition(0, new Map([[topic, 1]]));
        await listener.until(() => listener.records.length === 2);
        expect(listener.values(topic, 0)).toEqual(["before", "after"]);
      });

      it("never throws for position hints, even invalid ones", async () => {
        const { bus, topic } = await subscribed(1);
        bus.commitPositionsHint(new Map([[topic, new Map([[0, 1]])]]));
        bus.commitPositionsHint(new Map([["no-such-topic", new Map([[7, 3]])]]));
        bus.commitPositionsHint(new Map());
        await sleep(50);
      });

      it("may be closed more than once, then delivers nothing and refuses to publish", async () => {
        const { bus, topic, listener } = await subscribed(1);
        bus.startPartition(0, new Map([[topic, 0]]));
        await bus.close();
        await bus.close();
        await expect(bus.publish([message(topic, 0, "late")], patience)).rejects.toMatchObject({
          code: "BUS_UNAVAILABLE",
        });
        expect(listener.records).toEqual([]);
      });

      it("keeps the log for a bus that is opened later", async () => {
        const first = await create();
        const topic = uniqueTopic("in");
        await first.prepare({ input: [topic], output: [], partitions: 2 });
        await first.publish(numberedMessages(topic, 1, 0, 3), patience);
        await first.close();

        const second = await create();
        await second.prepare({ input: [topic], output: [], partitions: 2 });
        const listener = new RecordingListener();
        await second.subscribe([topic], listener);
        await listener.until(() => listener.assignments.length > 0);
        await second.publish([message(topic, 1, "3")], patience);
        second.startPartition(1, new Map([[topic, 1]]));
        await listener.until(() => listener.records.length >= 3);
        expect(listener.values(topic, 1)).toEqual(["1", "2", "3"]);
      });
    });

    describe("the log", () => {
      it("returns its ends, including what was just published", async () => {
        const bus = await create();
        const [topic, other] = [uniqueTopic("in"), uniqueTopic("other")];
        await bus.prepare({ input: [topic, other], output: [], partitions: 2 });
        const empty = await bus.logEnds([topic, other], patience);
        expect(empty.get(topic)).toEqual(new Map([0, 1].map((partition) => [partition, { low: 0, high: 0 }])));

        await bus.publish([message(topic, 1, "a"), message(topic, 1, "b"), message(other, 0, "c")], patience);
        const ends = await bus.logEnds([topic, other], patience);
        expect(ends.get(topic)?.get(0)).toEqual({ low: 0, high: 0 });
        expect(ends.get(topic)?.get(1)).toEqual({ low: 0, high: 2 });
        expect(ends.get(other)?.get(0)).toEqual({ low: 0, high: 1 });
      });

      it("gives records the broker's time, which never goes back", async () => {
        const { bus, topic, listener } = await subscribed(1);
        bus.startPartition(0, new Map([[topic, 0]]));
        const first = await bus.publish([message(topic, 0, "a")], patience);
        const second = await bus.publish([message(topic, 0, "b")], patience);
        const times = [first, second].map(({ brokerTimeMs = Number.NaN }) => brokerTimeMs);
        expect(times).toEqual([...times].sort((a, b) => a - b));
        expect(second.receivedAtMs).toBeGreaterThanOrEqual(first.receivedAtMs);
        expect(Math.abs((times[0] ?? 0) - Date.now())).toBeLessThan(60_000);

        await listener.until(() => listener.records.length === 2);
        expect(listener.records.map(({ brokerTimeMs }) => brokerTimeMs)).toEqual([
          first.brokerTimeMs,
          second.brokerTimeMs,
        ]);
        for (const { receivedAtMs } of listener.records) expect(receivedAtMs).toBeGreaterThan(0);
      });

      it("refuses a message that is too large for good, and publishes later ones", async () => {
        const { bus, topic, listener } = await subscribed(1);
        bus.startPartition(0, new Map([[topic, 0]]));
        const large = { ...message(topic, 0, ""), value: Buffer.alloc(2 * 1024 * 1024) };
        await expect(bus.publish([large], patience)).rejects.toMatchObject({
          code: "MESSAGE_TOO_LARGE",
          retryable: false,
        });
        await bus.publish([message(topic, 0, "small")], patience);
        await listener.until(() => listener.records.length === 1);
        expect(listener.values(topic, 0)).toEqual(["small"]);
      });

      it("publishes more than 512 KiB for a partition, in order", async () => {
        const { bus, topic, listener } = await subscribed(1);
        bus.startPartition(0, new Map([[topic, 0]]));
        const messages = Array.from({ length: 10 }, (_, index) => {
          return { ...message(topic, 0, ""), value: Buffer.alloc(300 * 1024, index) };
        });
        await bus.publish(messages, patience);
        await listener.until(() => listener.records.length === messages.length);
        expect(listener.records.map(({ value }) => value?.[0])).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
      });

      it("accepts an empty publish", async () => {
        const { bus, topic } = await subscribed(1);
        await bus.publish([], patience);
        expect((await bus.logEnds([topic], patience)).get(topic)?.get(0)).toEqual({ low: 0, high: 0 });
      });
    });

    describeBusGroups(create);
  });
}
