import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { EventBus } from "../../runtime/ports/event-bus.ts";
import { RecordingListener } from "./bus-listener.ts";
import { message, numbered, numberedMessages, patience, quietMs, uniqueTopic } from "./bus-messages.ts";

/** The part of the suite of every EventBus that is about several buses at once, as several domains have them. */
export function describeBusGroups(create: () => Promise<EventBus>): void {
  describe("several groups on one log", () => {
    /** A bus that is subscribed and assigned, not started. */
    const member = async (topics: readonly string[], partitions: number) => {
      const bus = await create();
      await bus.prepare({ input: topics, output: [], partitions });
      const listener = new RecordingListener();
      await bus.subscribe(topics, listener);
      await listener.until(() => listener.assignments.length > 0);
      return { bus, listener };
    };

    it("deliver a shared topic to each, from its own positions, whoever publishes", async () => {
      const topic = uniqueTopic("shared");
      const [one, two] = [await member([topic], 2), await member([topic], 2)];
      await one.bus.publish(numberedMessages(topic, 0, 0, 10), patience);
      one.bus.startPartition(0, new Map([[topic, 0]]));
      two.bus.startPartition(0, new Map([[topic, 6]]));
      await two.bus.publish(numberedMessages(topic, 0, 10, 20), patience);
      await one.bus.publish([message(topic, 0, "20"), message(topic, 1, "not started")], patience);
      await one.listener.until(() => one.listener.records.length >= 21);
      await two.listener.until(() => two.listener.records.length >= 15);
      await sleep(quietMs);
      expect(one.listener.values(topic, 0)).toEqual(numbered(0, 21));
      expect(two.listener.values(topic, 0)).toEqual(numbered(6, 21));
    });

    it("have topics of their own, each with another partition count", async () => {
      const [shared, first, second] = [uniqueTopic("shared"), uniqueTopic("first"), uniqueTopic("second")];
      const one = await member([shared, first], 2);
      const two = await member([second], 3);
      const three = await member([shared], 7);
      expect(one.listener.assignments[0]?.toSorted()).toEqual([0, 1]);
      expect(two.listener.assignments[0]?.toSorted()).toEqual([0, 1, 2]);
      expect(three.listener.assignments[0]?.toSorted()).toEqual([0, 1]);
      one.bus.startPartition(1, new Map([shared, first].map((topic) => [topic, 0])));
      two.bus.startPartition(2, new Map([[second, 0]]));
      three.bus.startPartition(1, new Map([[shared, 0]]));

      await one.bus.publish([message(second, 2, "for two"), message(first, 1, "for one")], patience);
      await two.bus.publish([message(shared, 1, "for both"), message(second, 1, "not started")], patience);
      await one.listener.until(() => one.listener.records.length >= 2);
      await two.listener.until(() => two.listener.records.length >= 1);
      await three.listener.until(() => three.listener.records.length >= 1);
      await sleep(quietMs);
      const received = [one, two, three].map(({ listener }) => listener.records.map(({ value }) => `${value}`).sort());
      expect(received).toEqual([["for both", "for one"], ["for two"], ["for both"]]);
    });

    it("go on while another one is paused or assigned again", async () => {
      const topic = uniqueTopic("shared");
      const [one, two] = [await member([topic], 1), await member([topic], 1)];
      for (const { bus } of [one, two]) bus.startPartition(0, new Map([[topic, 0]]));
      one.bus.pause([0]);
      await one.bus.publish(numberedMessages(topic, 0, 0, 5), patience);
      await two.listener.until(() => two.listener.records.length === 5);
      one.bus.requestReassignment();
      await one.listener.until(() => one.listener.assignments.length === 2);
      await one.bus.publish([message(topic, 0, "5")], patience);
      await two.listener.until(() => two.listener.records.length === 6);
      await sleep(quietMs);
      expect(one.listener.records).toEqual([]);
      expect(two.listener.calls).toEqual(["assigned"]);

      one.bus.startPartition(0, new Map([[topic, 0]]));
      await one.listener.until(() => one.listener.records.length === 6);
      expect(one.listener.values(topic, 0)).toEqual(numbered(0, 6));
      expect(two.listener.values(topic, 0)).toEqual(numbered(0, 6));
    });

    it("go on while another one is closed and replaced", async () => {
      const topic = uniqueTopic("shared");
      const [one, two] = [await member([topic], 1), await member([topic], 1)];
      for (const { bus } of [one, two]) bus.startPartition(0, new Map([[topic, 0]]));
      await two.bus.publish(numberedMessages(topic, 0, 0, 3), patience);
      await one.listener.until(() => one.listener.records.length === 3);
      await one.bus.close();
      await two.bus.publish(numberedMessages(topic, 0, 3, 6), patience);

      const next = await member([topic], 1);
      next.bus.startPartition(0, new Map([[topic, 3]]));
      await next.bus.publish(numberedMessages(topic, 0, 6, 9), patience);
      await next.listener.until(() => next.listener.records.length >= 6);
      await two.listener.until(() => two.listener.records.length >= 9);
      await sleep(quietMs);
      expect(one.listener.values(topic, 0)).toEqual(numbered(0, 3));
      expect(next.listener.values(topic, 0)).toEqual(numbered(3, 9));
      expect(two.listener.values(topic, 0)).toEqual(numbered(0, 9));
      expect(two.listener.calls).toEqual(["assigned"]);
    });
  });
}
