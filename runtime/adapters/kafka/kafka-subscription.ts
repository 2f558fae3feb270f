import { setTimeout as sleep } from "node:timers/promises";
import type { Consumer, EachBatchPayload, IMemberAssignment, PartitionAssigner } from "kafkajs";
import { coPartitionedAssigner, type Claim } from "./kafka-assigner.ts";
import { KafkaClient } from "./kafka-client.ts";
import { errorTypesOf, toBusFault, withTimeout } from "./kafka-faults.ts";
import type { KafkaSettings } from "./kafka-options.ts";
import { onJoining, type GroupMembership } from "./kafkajs-patches.ts";

export interface Subscription {
  readonly client: KafkaClient;
  readonly consumer: Consumer;
}

/** Callbacks for the events of a kafkajs consumer. All are called synchronously and must not throw. */
export interface SubscriptionEvents {
  /** What this process asks the group for when it joins. */
  claim(): Omit<Claim, "memberId">;
  onJoining(membership: GroupMembership): void;
  /** Called during kafkajs' join: nothing is fetched before it returns. */
  onJoined(subscription: Subscription, assignment: IMemberAssignment): void;
  onHeartbeat(): void;
  onBatch(subscription: Subscription, payload: EachBatchPayload): void;
  /** The consumer advanced past offsets without a readable record. */
  onSkipped(topic: string, partition: number, first: number | null, last: number): void;
  /** Nothing is fetched any more; kafkajs may start the consumer again by itself. */
  onStopped(): void;
  /** kafkajs will not start the consumer again. */
  onEnded(subscription: Subscription, cause: unknown): void;
  mayRestart(): boolean;
}

const subscribeCountMax = 10;
const subscribeBackoffMs = 200;

/** Resolves when the topics are known; joining the group continues. @throws Fault BUS_UNAVAILABLE, BUS_REFUSED */
export async function openSubscription(
  settings: KafkaSettings,
  topics: readonly string[],
  events: SubscriptionEvents,
): Promise<Subscription> {
  const subscription = createSubscription(settings, events);
  try {
    const { connectTimeoutMs } = settings.limits;
    await withTimeout(connectTimeoutMs, "subscribing", connect(subscription.consumer, topics));
    return subscription;
  } catch (error) {
    subscription.client.destroy();
    throw toBusFault("subscribing", error);
  }
}

export function runSubscription(subscription: Subscription, events: SubscriptionEvents): void {
  subscription.consumer
    .run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      eachBatch: async (payload) => events.onBatch(subscription, payload),
    })
    .catch((error: unknown) => events.onEnded(subscription, error));
}

function createSubscription(settings: KafkaSettings, events: SubscriptionEvents): Subscription {
  const { groupId, limits } = settings;
  const client = new KafkaClient(settings);
  const assigner: PartitionAssigner = ({ cluster }) => {
    const made = coPartitionedAssigner(cluster, () => events.claim());
    onJoining(made, (membership) => events.onJoining(membership));
    return made;
  };
  const consumer = client.kafka.consumer({
    groupId,
    partitionAssigners: [assigner],
    sessionTimeout: limits.sessionTimeoutMs,
    rebalanceTimeout: limits.rebalanceTimeoutMs,
    heartbeatInterval: limits.heartbeatIntervalMs,
    maxWaitTimeInMs: limits.fetchWaitMs,
    maxBytesPerPartition: limits.fetchPartitionBytesMax,
    maxBytes: limits.fetchBytesMax,
    allowAutoTopicCreation: false,
    // Without this, kafkajs would repeat for ever what the broker refuses for good.
    retry: {
      restartOnFailure: (error) => Promise.resolve(events.mayRestart() && toBusFault("reading", error).retryable),
    },
  });
  const subscription = { client, consumer };
  const { GROUP_JOIN, HEARTBEAT, START_BATCH_PROCESS, STOP, CRASH } = consumer.events;
  consumer.on(GROUP_JOIN, ({ payload }) => events.onJoined(subscription, payload.memberAssignment));
  consumer.on(HEARTBEAT, () => events.onHeartbeat());
  consumer.on(START_BATCH_PROCESS, ({ payload: { topic, partition, batchSize, firstOffset, lastOffset } }) => {
    // kafkajs' type lacks the null.
    const first: string | null = firstOffset;
    if (batchSize === 0) events.onSkipped(topic, partition, first === null ? null : Number(first), Number(lastOffset));
  });
  consumer.on(STOP, () => events.onStopped());
  consumer.on(CRASH, ({ payload: { error, restart } }) => {
    events.onStopped();
    if (!restart) events.onEnded(subscription, error);
  });
  return subscription;
}

async function connect(consumer: Consumer, topics: readonly string[]): Promise<void> {
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
