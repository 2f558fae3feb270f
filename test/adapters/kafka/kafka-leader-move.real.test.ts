import { Kafka, logLevel } from "kafkajs";
import { afterAll, expect, it } from "vitest";
import type { BusRecord } from "../../../runtime/ports/event-bus.ts";
import { describeReal } from "../../real/services/describe-real.ts";
import { startTwoBrokerCluster } from "../../real/services/two-broker-cluster.ts";
import { kafkaBus, message, patience, Positions, readAll, StartingListener, unique } from "./kafka-test-bus.ts";

const partitions = [0, 1, 2, 3];

describeReal("Kafka with two brokers", () => {
  const cluster = startTwoBrokerCluster();
  afterAll(async () => (await cluster).stop());

  it("loses no confirmed message, and delivers each, when leaders move and when a leader is killed", async () => {
    const { bootstrapServers, brokers } = await cluster;
    const [topic, other] = [unique("events"), unique("events")];
    const bus = kafkaBus(bootstrapServers, { heartbeatIntervalMs: 500, sessionTimeoutMs: 10_000 });
    await bus.prepare({ input: [topic, other], output: [], partitions: partitions.length });
    const listener = new StartingListener(bus, [topic, other], new Positions());
    await bus.subscribe([topic, other], listener);
    await listener.until(() => listener.owned.length > 0);

    const acknowledged: string[] = [];
    let publishing = true;
    const published = (async () => {
      for (let turn = 0; publishing; turn += 1) {
        const messages = [topic, other].flatMap((to) => partitions.map((of) => message(to, of, `${to}/${of}/${turn}`)));
        await bus.publish(messages, patience);
        acknowledged.push(...messages.map(({ value }) => String(value)));
      }
    })();
    const confirmsMore = async (): Promise<void> => {
      const before = acknowledged.length;
      await expect.poll(() => acknowledged.length, { timeout: 30_000 }).toBeGreaterThan(before + 100);
    };
    await confirmsMore();
    await brokers[0].stop();
    await confirmsMore();
    await brokers[0].start();
    await inSync(bootstrapServers, [topic, other]);
    await brokers[1].kill();
    await confirmsMore();
    publishing = false;
    await published;

    const records = await readAll(brokers[0].address, [topic, other]);
    expect(missingIn(records, acknowledged)).toEqual([]);
    await expect.poll(() => missingIn(listener.records, acknowledged), { timeout: 30_000 }).toEqual([]);
    expect(listener.gaps).toEqual([]);
    await bus.close();
  });
});

function missingIn(records: readonly BusRecord[], values: readonly string[]): readonly string[] {
  const found = new Set(records.map(({ value }) => String(value)));
  return values.filter((value) => !found.has(value));
}

/** Waits until both replicas are in sync: a leader that is killed before that loses confirmed messages. */
async function inSync(bootstrapServers: string, topics: string[]): Promise<void> {
  const admin = new Kafka({ brokers: bootstrapServers.split(","), logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  const replicas = async () => {
    const metadata = await admin.fetchTopicMetadata({ topics });
    return metadata.topics.flatMap((each) => each.partitions).map(({ isr }) => isr.length);
  };
  await expect.poll(replicas, { timeout: 60_000 }).toEqual(topics.flatMap(() => partitions.map(() => 2)));
  await admin.disconnect();
}
