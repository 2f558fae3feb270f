import { setTimeout as sleep } from "node:timers/promises";
import type { Consumer, PartitionAssigner } from "kafkajs";
import { KafkaClient, type KafkaSettings } from "./kafka-client.ts";
import { errorTypesOf, toBusFault } from "./kafka-faults.ts";

export interface Subscription {
  readonly client: KafkaClient;
  readonly consumer: Consumer;
}

const subscriptionRetries = 4;
const subscribeCountMax = 10;
const subscribeBackoffMs = 200;

/** @param mayRestart whether kafkajs may start the consumer again by itself */
export function createSubscription(
  settings: KafkaSettings,
  assigner: PartitionAssigner,
  mayRestart: () => boolean,
): Subscription {
  const { groupId, sessionTimeoutMs, heartbeatIntervalMs } = settings;
  const client = new KafkaClient(settings, subscriptionRetries);
  const consumer = client.kafka.consumer({
    groupId,
    partitionAssigners: [assigner],
    sessionTimeout: sessionTimeoutMs,
    rebalanceTimeout: 60_000,
    heartbeatInterval: heartbeatIntervalMs,
    // Delivery after `startPartition` or `resume` may begin that much later.
    maxWaitTimeInMs: 250,
    maxBytesPerPartition: 256 * 1024,
    maxBytes: 4 * 1024 * 1024,
    allowAutoTopicCreation: false,
    // Without this, kafkajs would repeat for ever what the broker refuses for good.
    retry: { restartOnFailure: (error) => Promise.resolve(mayRestart() && toBusFault("reading", error).retryable) },
  });
  return { client, consumer };
}

/** Resolves when the topics are known. @throws Fault BUS_UNAVAILABLE, BUS_REFUSED */
export async function connectSubscription(
  { client, consumer }: Subscription,
  { connectTimeoutMs }: KafkaSettings,
  topics: readonly string[],
): Promise<void> {
  const subscribed = client.within(connectTimeoutMs, "subscribing", subscribeTo(topics, consumer));
  await subscribed.catch((error: unknown) => {
    client.destroy();
    throw toBusFault("subscribing", error);
  });
}

async function subscribeTo(topics: readonly string[], consumer: Consumer): Promise<void> {
  await consumer.connect();
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await consumer.subscribe({ topics: [...topics], fromBeginning: true });
    } catch (error) {
      // A broker may not know yet of a topic that was just created.
      if (attempt === subscribeCountMax || !errorTypesOf(error).includes("UNKNOWN_TOPIC_OR_PARTITION")) throw error;
    }
    await sleep(subscribeBackoffMs);
  }
}
