import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, it } from "vitest";
import type { KafkaBus } from "../../../runtime/adapters/kafka/kafka-bus.ts";
import { describeReal } from "../../real/services/describe-real.ts";
import { kafkaProxyFor } from "../../real/services/kafka-proxy.ts";
import { RecordingListener } from "../bus-listener.ts";
import { clock, kafkaBus, message, patience, Positions, StartingListener, unique } from "./kafka-test-bus.ts";

const partitions = 6;
const numbers = [0, 1, 2, 3, 4, 5];

describeReal("a group of Kafka buses", (services) => {
  const open: KafkaBus[] = [];
  afterEach(async () => {
    await Promise.all(open.splice(0).map((bus) => bus.close()));
  });

  const newGroup = async () => {
    const topics = [unique("a"), unique("b")];
    const groupId = unique("group");
    const positions = new Positions();
    const create = (brokers = services.kafka): KafkaBus => {
      const bus = kafkaBus(brokers, { groupId, heartbeatIntervalMs: 500, sessionTimeoutMs: 6_000 });
      open.push(bus);
      return bus;
    };
    await create().prepare({ input: topics, output: [], partitions });
    const join = async () => {
      const bus = create();
      const listener = new StartingListener(bus, topics, positions);
      await bus.subscribe(topics, listener);
      return { bus, listener };
    };
    const everywhere = (value: string) =>
      topics.flatMap((topic) => numbers.map((partition) => message(topic, partition, value)));
    return { topics, positions, join, create, everywhere };
  };

  it("shares the partition numbers of all topics, and gives all to the member that stays", async () => {
    const { topics, join, everywhere } = await newGroup();
    const [first, second] = [await join(), await join()];
    const shared = () => [...first.listener.owned, ...second.listener.owned].sort();
    await first.listener.until(() => first.listener.owned.length === 3 && second.listener.owned.length === 3);
    expect(shared()).toEqual(numbers);

    await first.bus.publish(everywhere("both"), patience);
    await first.listener.until(() => first.listener.records.length === 6);
    await second.listener.until(() => second.listener.records.length === 6);
    for (const { listener } of [first, second]) {
      for (const topic of topics) {
        const seen = new Set(listener.records.filter((record) => record.topic === topic).map((r) => r.partition));
        expect([...seen].sort()).toEqual(listener.owned);
      }
    }

    const kept = first.listener.owned;
    await second.bus.close();
    await first.listener.until(() => first.listener.owned.length === partitions);
    expect(first.listener.owned).toEqual(expect.arrayContaining([...kept]));
    await first.bus.publish(everywhere("alone"), patience);
    await first.listener.until(() => first.listener.records.length === 6 + 12);
    expect([...first.listener.gaps, ...second.listener.gaps]).toEqual([]);
  });

  it("delivers each record, in order, while members join and leave", async () => {
    const { topics, join, everywhere } = await newGroup();
    const first = await join();
    await first.listener.until(() => first.listener.owned.length > 0);
    let publishing = true;
    let count = 0;
    const published = (async () => {
      for (; publishing; count += 1) await first.bus.publish(everywhere(String(count)), patience);
    })();
    const members = [first];
    for (let round = 0; round < 3; round += 1) {
      const member = await join();
      members.push(member);
      await member.listener.until(() => member.listener.records.length > 20);
      await member.bus.close();
    }
    publishing = false;
    await published;
    const seen = () =>
      new Set(members.flatMap(({ listener }) => listener.records).map((r) => `${r.topic}/${r.partition}/${r.offset}`));
    await first.listener.until(() => seen().size === count * partitions * topics.length);
    expect(members.flatMap(({ listener }) => listener.gaps)).toEqual([]);
  });

  it("never delivers after start records that were fetched before it", async () => {
    const { topics, positions, join, everywhere } = await newGroup();
    const { bus, listener } = await join();
    await listener.until(() => listener.owned.length === partitions);
    let publishing = true;
    let count = 0;
    const published = (async () => {
      for (; publishing; count += 1) await bus.publish(everywhere(String(count)), patience);
    })();
    const before = listener.records.length;
    await listener.until(() => listener.records.length > before + 100);
    for (let round = 0; round < 40; round += 1) {
      // Each start is at another place of the log, so that records of a pending fetch would be noticed.
      for (const topic of topics) {
        for (const partition of numbers) {
          positions.moveTo(topic, partition, Math.floor(Math.random() * positions.of(topic, partition)));
        }
      }
      const assigned = listener.assignments.length;
      bus.requestReassignment();
      await listener.until(() => listener.assignments.length > assigned);
      await sleep(Math.random() * 60);
      if (round % 4 === 0) {
        const delivered = listener.records.length;
        await listener.until(() => listener.records.length > delivered + 50);
      }
    }
    publishing = false;
    await published;
    await listener.until(() => numbers.every((n) => topics.every((topic) => positions.of(topic, n) === count)));
    expect(listener.gaps).toEqual([]);
  });

  it("takes over from a member that vanished when its session has ended", async () => {
    const { join, create, topics } = await newGroup();
    const { listener } = await join();
    await listener.until(() => listener.owned.length === partitions);
    const proxy = await kafkaProxyFor(services);
    const silent = new RecordingListener();
    await create(proxy.bootstrapServers).subscribe(topics, silent);
    await silent.until(() => silent.assignments.length > 0);
    await listener.until(() => listener.owned.length === 3);
    proxy.cut();
    await listener.until(() => listener.owned.length === partitions);

    proxy.restore();
    await listener.until(() => listener.owned.length === 3);
    await silent.until(() => silent.assignments.length === 2);
    expect(silent.calls).toEqual(["assigned", "revoked", "assigned"]);
    await proxy.close();
  });

  it("closes within 5 s when the broker does not answer", async () => {
    const { create, topics } = await newGroup();
    const proxy = await kafkaProxyFor(services);
    const bus = create(proxy.bootstrapServers);
    const listener = new RecordingListener();
    await bus.subscribe(topics, listener);
    await listener.until(() => listener.assignments.length > 0);
    proxy.delay(60_000);
    await sleep(500);
    const startedAtMs = clock.monotonicMs();
    await bus.close();
    expect(clock.monotonicMs() - startedAtMs).toBeLessThan(5_000);
    await proxy.close();
  });

  it("assigns again when the log does not contain the requested offset", async () => {
    const { topics, create, everywhere } = await newGroup();
    const bus = create();
    const listener = new RecordingListener();
    await bus.publish(everywhere("x"), patience);
    await bus.subscribe(topics, listener);
    await listener.until(() => listener.assignments.length === 1);
    bus.startPartition(2, new Map(topics.map((topic) => [topic, 1_000])));
    await listener.until(() => listener.assignments.length === 2);
    expect(listener.calls).toEqual(["assigned", "revoked", "assigned"]);
    expect(listener.records).toEqual([]);
  });
});
