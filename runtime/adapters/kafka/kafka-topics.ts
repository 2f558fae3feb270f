import { setTimeout as sleep } from "node:timers/promises";
import kafkajs, { type Admin } from "kafkajs";
import { Fault } from "../../core/fault.ts";
import type { BusDescription, WantedTopics } from "../../ports/event-bus.ts";
import { sharedPartitionCount } from "../shared-partition-count.ts";
import { type KafkaBusOptions, KafkaClient, type KafkaSettings, withDefaults } from "./kafka-client.ts";
import { errorTypesOf, toBusFault } from "./kafka-faults.ts";
import { kafkajsVersion } from "./kafkajs-patches.ts";

const metadataTimeoutMs = 15_000;
const createTimeoutMs = 10_000;
const replicasMax = 3;
const timestampType = "message.timestamp.type";
const compressionType = "compression.type";
const unreadableCodecs = ["snappy", "lz4", "zstd"];

/** Opens an admin connection for `work` and closes it afterwards. @throws Fault BUS_UNAVAILABLE, BUS_REFUSED */
async function withAdmin<Result>(
  settings: KafkaSettings,
  what: string,
  work: (admin: Admin) => Promise<Result>,
): Promise<Result> {
  const client = new KafkaClient(settings);
  const admin = client.kafka.admin();
  try {
    await client.within(settings.connectTimeoutMs, what, admin.connect());
    return await work(admin);
  } catch (error) {
    throw toBusFault(`${what} on ${settings.brokers.join(",")}`, error);
  } finally {
    client.destroy();
  }
}

/** See `EventBus.prepare`. Two processes may run it at once: a topic that the other one created counts as existing. */
export function prepareTopics(settings: KafkaSettings, wanted: WantedTopics): Promise<{ partitions: number }> {
  const topics = [...new Set([...wanted.input, ...wanted.output])];
  return withAdmin(settings, "preparing topics", async (admin) => {
    const known = (complete: boolean) =>
      retryUntilKnown(settings, "waiting for the topics' leaders", () => ledCounts(admin, topics, { complete }));
    const existing = await known(false);
    const partitions = sharedPartitionCount(existing) ?? wanted.partitions;
    const missing = topics.filter((topic) => !existing.has(topic));
    if (missing.length > 0) await create(admin, missing, partitions);
    const led = await known(true);
    const configs = await retryUntilKnown(settings, "reading the topics' configuration", () =>
      topicConfigs(admin, wanted.input),
    );
    assertReadable(settings, configs);
    return { partitions: sharedPartitionCount(led) ?? partitions };
  });
}

/**
 * Of the topics that exist; null: a partition has no leader. Each is asked for alone: of several kafkajs does not say
 * which one is missing or has none.
 */
async function partitionCounts(admin: Admin, wanted: readonly string[]): Promise<ReadonlyMap<string, number | null>> {
  const counts = await Promise.all(
    wanted.map(async (topic) => {
      try {
        const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
        return topics.map(({ partitions }) => [topic, partitions.length] as const);
      } catch (error) {
        const types = errorTypesOf(error);
        if (types.includes("UNKNOWN_TOPIC_OR_PARTITION")) return [];
        if (types.includes("LEADER_NOT_AVAILABLE")) return [[topic, null] as const];
        throw error;
      }
    }),
  );
  return new Map(counts.flat());
}

async function create(admin: Admin, topics: readonly string[], numPartitions: number): Promise<void> {
  const { brokers } = await admin.describeCluster();
  const replicationFactor = Math.min(replicasMax, brokers.length);
  const configEntries = [{ name: timestampType, value: "LogAppendTime" }];
  const wanted = topics.map((topic) => ({ topic, numPartitions, replicationFactor, configEntries }));
  try {
    await admin.createTopics({ topics: wanted, timeout: createTimeoutMs, waitForLeaders: false });
  } catch (error) {
    if (errorTypesOf(error).some((type) => type !== "TOPIC_ALREADY_EXISTS")) throw error;
  }
}

/** Repeats a request: a topic that was just created has no leader yet, and not every broker knows it. */
async function retryUntilKnown<Result>(
  { clock }: KafkaSettings,
  what: string,
  ask: () => Promise<Result>,
): Promise<Result> {
  const deadlineAt = clock.monotonicMs() + metadataTimeoutMs;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      const fault = toBusFault(what, error);
      if (!fault.retryable || clock.monotonicMs() > deadlineAt) throw fault;
    }
    await sleep(100);
  }
}

/** @throws Error when one has no leader yet, or when it is `complete` and one is missing */
async function ledCounts(admin: Admin, topics: readonly string[], { complete }: { readonly complete: boolean }) {
  const counts = await partitionCounts(admin, topics);
  const missing = complete ? topics.filter((topic) => !counts.has(topic)) : [];
  const without = [...missing, ...[...counts].flatMap(([topic, partitions]) => (partitions === null ? topic : []))];
  if (without.length > 0) throw new Error(`no leader for ${without.join(", ")}`);
  return counts as ReadonlyMap<string, number>;
}

type TopicConfig = Awaited<ReturnType<typeof topicConfigs>>[number];

async function topicConfigs(admin: Admin, topics: readonly string[]) {
  if (topics.length === 0) return [];
  const configNames = [timestampType, compressionType];
  const { resources } = await admin.describeConfigs({
    resources: topics.map((name) => ({ type: kafkajs.ConfigResourceTypes.TOPIC, name, configNames })),
    includeSynonyms: false,
  });
  return resources.map(({ resourceName: topic, configEntries }) => {
    const valueOf = (wanted: string) => configEntries.find(({ configName }) => configName === wanted)?.configValue;
    const logAppendTime = valueOf(timestampType) === "LogAppendTime";
    // "producer" leaves the codec to each producer.
    return { topic, logAppendTime, compression: valueOf(compressionType) ?? "producer" };
  });
}

function assertReadable({ brokers }: KafkaSettings, configs: readonly TopicConfig[]): void {
  const alter = `kafka-configs.sh --bootstrap-server ${brokers[0]} --alter --entity-type topics --entity-name`;
  const remedy = (wrong: readonly TopicConfig[], config: string): string =>
    `change it with\n${wrong.map(({ topic }) => `${alter} ${topic} --add-config ${config}`).join("\n")}`;
  const wrongTime = configs.filter(({ logAppendTime }) => !logAppendTime);
  if (wrongTime.length > 0) {
    const list = wrongTime.map(({ topic }) => topic).join(", ");
    const text = `deadlines need the broker's time in ${list}; ${remedy(wrongTime, `${timestampType}=LogAppendTime`)}`;
    throw new Fault("TOPIC_TIMESTAMP_TYPE", text, { retryable: false });
  }
  const wrongCodec = configs.filter(({ compression }) => unreadableCodecs.includes(compression));
  if (wrongCodec.length > 0) {
    const list = wrongCodec.map(({ topic, compression }) => `${topic} (${compression})`).join(", ");
    const text =
      `only uncompressed and gzip records can be read, not ${list}; ` + remedy(wrongCodec, `${compressionType}=gzip`);
    throw new Fault("BUS_CODEC", text, { retryable: false });
  }
}

/** See `EventBus.describe`. Topics that don't exist are left out. */
export function describeBus(settings: KafkaSettings, wanted: readonly string[]): Promise<BusDescription> {
  return withAdmin(settings, "describing the bus", async (admin) => {
    const { brokers } = await admin.describeCluster();
    const counts = await partitionCounts(admin, wanted);
    const configs = await topicConfigs(admin, [...counts.keys()]);
    const topics = [...counts].map(([topic, partitions]) => {
      const logAppendTime = configs.some((config) => config.topic === topic && config.logAppendTime);
      return { topic, partitions, logAppendTime };
    });
    return { kind: "kafka", version: `kafkajs ${kafkajsVersion}`, brokers: brokers.length, topics };
  });
}

/** Tells clusters apart. Null: the broker reports none. @throws Fault BUS_UNAVAILABLE, BUS_REFUSED */
export const readClusterId = (options: KafkaBusOptions): Promise<string | null> =>
  withAdmin(withDefaults(options), "reading the cluster's id", async (admin) => {
    const { clusterId } = (await admin.describeCluster()) as { readonly clusterId?: string | null };
    return clusterId || null;
  });
