import { ConfigResourceTypes, Kafka, logLevel, type Admin } from "kafkajs";
import { afterEach, expect, it } from "vitest";
import type { KafkaBus } from "../../../runtime/adapters/kafka/kafka-bus.ts";
import { describeReal } from "../../real/services/describe-real.ts";
import { freePorts } from "../../real/services/free-ports.ts";
import { RecordingListener } from "../bus-listener.ts";
import { clock, kafkaBus, message, patience, unique } from "./kafka-test-bus.ts";

describeReal("Kafka's topics", ({ kafka }) => {
  const open: KafkaBus[] = [];
  afterEach(async () => {
    await Promise.all(open.splice(0).map((bus) => bus.close()));
  });
  const create = (brokers = kafka): KafkaBus => {
    const bus = kafkaBus(brokers);
    open.push(bus);
    return bus;
  };
  const asAdmin = async <T>(work: (admin: Admin) => Promise<T>): Promise<T> => {
    const admin = new Kafka({ brokers: kafka.split(","), logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    return work(admin).finally(() => admin.disconnect());
  };
  /** A broker knows a new topic a moment after the controller. */
  const createTopic = (topic: string) =>
    asAdmin(async (admin) => {
      await admin.createTopics({ topics: [{ topic }], waitForLeaders: false });
      const leaders = () =>
        admin.fetchTopicMetadata({ topics: [topic] }).then(
          ({ topics }) => topics[0]?.partitions.filter(({ leader }) => leader >= 0).length,
          () => 0,
        );
      await expect.poll(leaders, { timeout: 30_000 }).toBe(1);
    });
  /** Sets the topic's own configuration and waits until the broker has it, which is a moment after the controller. */
  const configure = (topic: string, config: Readonly<Record<string, string>>) =>
    asAdmin(async (admin) => {
      const resource = { type: ConfigResourceTypes.TOPIC, name: topic };
      const configEntries = Object.entries(config).map(([name, value]) => ({ name, value }));
      await admin.alterConfigs({ validateOnly: false, resources: [{ ...resource, configEntries }] });
      const told = async (): Promise<object> => {
        const configNames = Object.keys(config);
        const { resources } = await admin.describeConfigs({
          resources: [{ ...resource, configNames }],
          includeSynonyms: false,
        });
        return Object.fromEntries(
          resources[0]?.configEntries.map(({ configName, configValue }) => [configName, configValue]) ?? [],
        );
      };
      await expect.poll(told, { timeout: 30_000 }).toEqual(config);
    });

  it("are refused for input when they have the producer's time, with the command that corrects it", async () => {
    const topic = unique("in");
    await createTopic(topic);
    const refused = create().prepare({ input: [topic], output: [], partitions: 1 });
    await expect(refused).rejects.toMatchObject({ code: "TOPIC_TIMESTAMP_TYPE", retryable: false });
    await expect(refused).rejects.toThrow(`--entity-name ${topic} --add-config message.timestamp.type=LogAppendTime`);
    await create().prepare({ input: [], output: [topic], partitions: 1 });
    expect((await create().describe([topic])).topics).toEqual([{ topic, partitions: 1, logAppendTime: false }]);
  });

  it("return no time of an append when they have the producer's time", async () => {
    const topic = unique("out");
    await createTopic(topic);
    const { brokerTimeMs } = await create().publish([message(topic, 0, "a")], patience);
    expect(brokerTimeMs).toBeUndefined();
  });

  it("may be prepared by several processes at once", async () => {
    const wanted = { input: [unique("in"), unique("in")], output: [unique("out")], partitions: 3 };
    const prepared = await Promise.all([1, 2, 3, 4, 5].map(() => create().prepare(wanted)));
    expect(prepared).toEqual(prepared.map(() => ({ partitions: 3 })));
    const { topics } = await create().describe([...wanted.input, ...wanted.output, "no-such-topic"]);
    expect(topics).toHaveLength(3);
    expect(topics.every(({ partitions, logAppendTime }) => partitions === 3 && logAppendTime)).toBe(true);
  });

  it("are refused for input when the broker compresses them with a codec that can't be read", async () => {
    const topic = unique("in");
    await create().prepare({ input: [topic], output: [], partitions: 1 });
    await configure(topic, { "compression.type": "gzip", "message.timestamp.type": "LogAppendTime" });
    await create().prepare({ input: [topic], output: [], partitions: 1 });
    await configure(topic, { "compression.type": "zstd", "message.timestamp.type": "LogAppendTime" });
    const refused = create().prepare({ input: [topic], output: [], partitions: 1 });
    await expect(refused).rejects.toMatchObject({ code: "BUS_CODEC", retryable: false });
    await expect(refused).rejects.toThrow("compression.type=gzip");
  });

  it.each(["zstd", "lz4", "snappy"])(
    "end the subscription with a fault when a record is compressed with %s",
    async (codec) => {
      const topic = unique("in");
      const bus = create();
      await bus.prepare({ input: [topic], output: [], partitions: 1 });
      await configure(topic, { "compression.type": codec });
      const listener = new RecordingListener();
      await bus.subscribe([topic], listener);
      await listener.until(() => listener.assignments.length > 0);
      bus.startPartition(0, new Map([[topic, 0]]));
      await bus.publish([message(topic, 0, "compressed by the broker")], patience);
      await expect(listener.until(() => false, 10_000)).rejects.toMatchObject({ code: "BUS_CODEC", retryable: false });
      expect(listener.calls).toEqual(["assigned", "revoked"]);
      expect(listener.records).toEqual([]);
    },
  );

  it("are read when their records are compressed with gzip", async () => {
    const topic = unique("in");
    const bus = create();
    await bus.prepare({ input: [topic], output: [], partitions: 1 });
    await configure(topic, { "compression.type": "gzip" });
    const listener = new RecordingListener();
    await bus.subscribe([topic], listener);
    await listener.until(() => listener.assignments.length > 0);
    bus.startPartition(0, new Map([[topic, 0]]));
    await bus.publish([message(topic, 0, "a"), message(topic, 0, "b")], patience);
    await listener.until(() => listener.records.length === 2);
  });

  it("can't be prepared while no broker answers, which is reported within seconds", async () => {
    const { nobody } = await freePorts(["nobody"]);
    const startedAtMs = clock.monotonicMs();
    const bus = create(`127.0.0.1:${nobody}`);
    const prepared = bus.prepare({ input: [unique("in")], output: [], partitions: 1 });
    await expect(prepared).rejects.toMatchObject({ code: "BUS_UNAVAILABLE", retryable: true });
    await expect(bus.subscribe(["t"], new RecordingListener())).rejects.toMatchObject({ code: "BUS_UNAVAILABLE" });
    await expect(bus.describe(["t"])).rejects.toMatchObject({ code: "BUS_UNAVAILABLE" });
    expect(clock.monotonicMs() - startedAtMs).toBeLessThan(16_000);
  });

  it("let deadlines pass where a transaction left only its marker at the end", async () => {
    const topic = unique("in");
    const bus = create();
    await bus.prepare({ input: [topic], output: [], partitions: 1 });
    const listener = new RecordingListener();
    await bus.subscribe([topic], listener);
    await listener.until(() => listener.assignments.length > 0);
    bus.startPartition(0, new Map([[topic, 0]]));

    const producer = new Kafka({ brokers: kafka.split(","), logLevel: logLevel.NOTHING }).producer({
      transactionalId: unique("tx"),
      maxInFlightRequests: 1,
      idempotent: true,
    });
    await producer.connect();
    for (const outcome of ["commit", "abort", "commit"] as const) {
      const transaction = await producer.transaction();
      await transaction.send({ topic, messages: [{ key: "k", value: outcome }] });
      await transaction[outcome]();
    }
    await producer.disconnect();
    await listener.until(() => listener.records.length === 2);
    const standsAt = (listener.records.at(-1)?.offset ?? 0) + 1;
    const high = async () => (await bus.logEnds([topic], patience)).get(topic)?.get(0)?.high;
    await expect.poll(high, { timeout: 5_000 }).toBe(standsAt);
    expect(listener.calls).toEqual(["assigned"]);

    await bus.publish([message(topic, 0, "after")], patience);
    await listener.until(() => listener.records.length === 3);
    expect(listener.calls).toEqual(["assigned"]);
  });
});
