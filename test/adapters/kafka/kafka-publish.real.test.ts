import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, it } from "vitest";
import type { KafkaBus } from "../../../runtime/adapters/kafka/kafka-bus.ts";
import type { BusRecord, OutgoingMessage } from "../../../runtime/ports/event-bus.ts";
import { describeReal } from "../../real/services/describe-real.ts";
import { isProduceRequest, kafkaProxyFor, type KafkaProxy } from "../../real/services/kafka-proxy.ts";
import { clock, kafkaBus, message, patience, readAll, unique } from "./kafka-test-bus.ts";

const identityOf = ({ topic, partition, key, value, headers }: OutgoingMessage | BusRecord): string =>
  JSON.stringify([topic, partition, key?.toString("hex"), value?.toString("hex"), Object.entries(headers).map(String)]);

describeReal("publishing to Kafka through failures", (services) => {
  const open: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const each of open.splice(0)) await each.close();
  });

  const proxied = async (): Promise<{ bus: KafkaBus; proxy: KafkaProxy; topic: string }> => {
    const proxy = await kafkaProxyFor(services);
    const bus = kafkaBus(proxy.bootstrapServers);
    open.push(bus, proxy);
    const topic = unique("events");
    await bus.prepare({ input: [topic], output: [], partitions: 2 });
    return { bus, proxy, topic };
  };

  it("loses no confirmed message when replies are lost, and repeats only the same bytes", async () => {
    const { bus, proxy, topic } = await proxied();
    const acknowledged: OutgoingMessage[] = [];
    const publish = async (turn: number, of: number): Promise<void> => {
      // With batches of the same size, a sequence number that is used twice would not be noticed by the broker.
      const messages = [0, 1].flatMap((partition) => [
        message(topic, partition, `${of}/${turn}/first`),
        { ...message(topic, partition, `${of}/${turn}/second`), headers: { turn: String(turn) } },
      ]);
      await bus.publish(messages, patience);
      acknowledged.push(...messages);
    };
    let swallowed = 0;
    for (let turn = 0; turn < 60; turn += 1) {
      if (turn % 4 === 1) void proxy.swallowNextReply(isProduceRequest).then(() => (swallowed += 1));
      // Several at once: the bus serialises calls even if a caller does not.
      await Promise.all([0, 1, 2].map((of) => publish(turn, of)));
    }
    const records = await readAll(services.kafka, [topic]);
    const sent = new Set(acknowledged.map(identityOf));
    const found = records.map(identityOf);
    expect(swallowed).toBe(15);
    expect(sent.size).toBe(60 * 3 * 4);
    expect(new Set(found)).toEqual(sent);
    expect(found.length).toBeGreaterThan(sent.size);
    for (const partition of [0, 1]) {
      const ofPartition = acknowledged.filter((each) => each.partition === partition).map(identityOf);
      const firstSeen = [...new Set(records.filter((r) => r.partition === partition).map(identityOf))];
      expect(firstSeen).toEqual(ofPartition);
    }
  });

  it("rejects after its timeout when the broker does not answer, and works again afterwards", async () => {
    const { bus, proxy, topic } = await proxied();
    await bus.publish([message(topic, 0, "before")], patience);
    proxy.delay(60_000);
    const startedAtMs = clock.monotonicMs();
    await expect(bus.publish([message(topic, 0, "lost")], { timeoutMs: 1_500 })).rejects.toMatchObject({
      code: "BUS_UNAVAILABLE",
      retryable: true,
    });
    await expect(bus.logEnds([topic], { timeoutMs: 500 })).rejects.toMatchObject({ code: "BUS_UNAVAILABLE" });
    expect(clock.monotonicMs() - startedAtMs).toBeLessThan(2_500);
    proxy.delay(0);
    await bus.publish([message(topic, 0, "after")], patience);
    expect((await readAll(services.kafka, [topic])).map(({ value }) => value?.toString())).toEqual(
      expect.arrayContaining(["before", "after"]),
    );
  });

  it("publishes as soon as the broker can be reached again", async () => {
    const { bus, proxy, topic } = await proxied();
    proxy.cut();
    const published = bus.publish([message(topic, 0, "patient")], patience);
    await sleep(1_000);
    proxy.restore();
    await published;
  });

  it("does not confirm a message to a partition that does not exist", async () => {
    const { bus, topic } = await proxied();
    const published = bus.publish([message(topic, 0, "a"), message(topic, 9, "b")], { timeoutMs: 500 });
    await expect(published).rejects.toThrow(`did not confirm ${topic}[9]`);
  });

  it("returns the broker's time of the append", async () => {
    const { bus, topic } = await proxied();
    const { brokerTimeMs, receivedAtMs } = await bus.publish([message(topic, 0, "a")], patience);
    const [record] = await readAll(services.kafka, [topic]);
    expect(record?.brokerTimeMs).toBe(brokerTimeMs);
    expect(Math.abs(receivedAtMs - clock.monotonicMs())).toBeLessThan(30_000);
  });

  it("closes within 5 s when the broker does not answer", async () => {
    const { bus, proxy, topic } = await proxied();
    await bus.publish([message(topic, 0, "a")], patience);
    proxy.delay(60_000);
    const stuck = bus.publish([message(topic, 0, "b")], patience);
    await sleep(300);
    const startedAtMs = clock.monotonicMs();
    await Promise.all([bus.close(), expect(stuck).rejects.toMatchObject({ code: "BUS_UNAVAILABLE" })]);
    expect(clock.monotonicMs() - startedAtMs).toBeLessThan(5_000);
  });
});
