import type { Cluster, Consumer, EachBatchPayload, IMemberAssignment } from "kafkajs";
import { Fault } from "../../core/fault.ts";
import type { BusListener, ByTopicPartition } from "../../ports/event-bus.ts";
import { settleWithin } from "../../ports/settle-within.ts";
import { CommitHints } from "./commit-hints.ts";
import { coPartitionedAssigner, partitionsInEveryTopic } from "./kafka-assigner.ts";
import { KafkaAssignment } from "./kafka-assignment.ts";
import type { KafkaSettings } from "./kafka-client.ts";
import { KafkaDelivery, toBusRecord } from "./kafka-delivery.ts";
import { isNamed, describeError, toBusFault } from "./kafka-faults.ts";
import { connectSubscription, createSubscription, type Subscription } from "./kafka-subscription.ts";
import { fetchedOffsetOf, type JoiningAssigner } from "./kafkajs-patches.ts";

const flushTimeoutMs = 1_000;
const recoveryBackoffMs = 1_000;
const recoveryBackoffMaxMs = 30_000;
/** How many times in close succession an ended subscription is replaced before the bus counts as failed. */
const recoveryCountMax = 8;

/** The consumer of `KafkaBus`: implements `subscribe`, `startPartition`, `pause` and `resume` of the port EventBus. */
export class KafkaConsumer {
  readonly #settings: KafkaSettings;
  readonly #topics: readonly string[];
  readonly #listener: BusListener;
  readonly #assignment: KafkaAssignment;
  /** Offsets committed to Kafka for tools that show a lag. Nothing here reads them: the positions are in the store. */
  readonly #hints: CommitHints;
  readonly delivery = new KafkaDelivery();
  #subscription: Subscription | undefined;
  #subscribedAtMs = 0;
  #recoveryCount = 0;
  #interruption: Fault | undefined;
  #ended = false;

  constructor(settings: KafkaSettings, topics: readonly string[], listener: BusListener) {
    this.#settings = settings;
    this.#topics = topics;
    this.#listener = listener;
    this.#assignment = new KafkaAssignment({
      onAssigned: (numbers) => {
        this.#interruption = undefined;
        this.#notifyListener(() => listener.onAssigned(numbers));
      },
      onRevoked: () => this.#notifyListener(() => listener.onRevoked()),
    });
    this.#hints = new CommitHints(settings.clock, async (hints) => this.#subscription?.consumer.commitOffsets(hints));
  }

  /** Why the group assigns nothing to this process, which goes on trying; undefined: it does, or may soon. */
  get interruption(): Fault | undefined {
    return this.#interruption;
  }

  /** Resolves when the topics are known; the group is joined after that. @throws Fault BUS_UNAVAILABLE, BUS_REFUSED */
  async subscribe(): Promise<void> {
    const subscription = this.#createSubscription();
    await connectSubscription(subscription, this.#settings, this.#topics);
    if (this.#ended) return subscription.client.destroy();
    this.#subscription = subscription;
    this.#subscribedAtMs = this.#settings.clock.monotonicMs();
    subscription.consumer
      .run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        eachBatch: async (payload) => this.#handleBatch(subscription, payload),
      })
      .catch((error: unknown) => this.#recoverSubscription(subscription, error));
  }

  #createSubscription(): Subscription {
    const assigner = ({ cluster }: { readonly cluster: Cluster }): JoiningAssigner => ({
      ...coPartitionedAssigner(cluster, () => this.#assignment.last),
      onJoining: (membership) => this.#assignment.joining(membership),
    });
    const subscription = createSubscription(this.#settings, assigner, () => !this.#ended);
    const { consumer } = subscription;
    const { GROUP_JOIN, HEARTBEAT, START_BATCH_PROCESS, STOP, CRASH } = consumer.events;
    // kafkajs calls this while it joins the group, and fetches nothing before it returns.
    consumer.on(GROUP_JOIN, ({ payload }) => this.#joined(consumer, payload.memberAssignment));
    consumer.on(HEARTBEAT, () => this.#assignment.heartbeatAnswered());
    consumer.on(START_BATCH_PROCESS, ({ payload: { topic, partition, batchSize, firstOffset, lastOffset } }) => {
      // kafkajs' type lacks the null.
      const first: string | null = firstOffset;
      if (batchSize === 0)
        this.delivery.skip(topic, partition, first === null ? null : Number(first), Number(lastOffset));
    });
    // Nothing is fetched after this, unless kafkajs starts the consumer again by itself.
    consumer.on(STOP, () => this.#revoke());
    consumer.on(CRASH, ({ payload: { error, restart } }) => {
      this.#revoke();
      if (restart) this.#interruption = toBusFault("the subscription ended", error);
      else this.#recoverSubscription(subscription, error);
    });
    return subscription;
  }

  startPartition(partition: number, positions: ReadonlyMap<string, number>): void {
    const missing = this.#topics.find((topic) => !positions.has(topic));
    if (missing !== undefined) throw new Error(`partition ${partition} has no position in ${missing}`);
    // Revoked in the meantime: after the next `onAssigned` the partition is started again.
    if (!this.#assignment.isAssigned || !this.#assignment.last.owned.includes(partition)) return;
    this.#ifRunning((consumer) => {
      for (const topic of this.#topics) consumer.seek({ topic, partition, offset: String(positions.get(topic)) });
      consumer.resume(this.#topicPartitions([partition]));
      this.delivery.start(partition, positions);
    });
  }

  pause(partitions: readonly number[]): void {
    const paused = this.delivery.pause(partitions);
    this.#ifRunning((consumer) => consumer.pause(this.#topicPartitions(paused)));
  }

  resume(partitions: readonly number[]): void {
    const resumed = this.delivery.resume(partitions);
    this.#ifRunning((consumer) => consumer.resume(this.#topicPartitions(resumed)));
  }

  /** Revokes the partitions and assigns them again, so that the listener reads their stored positions again. */
  reassign(): void {
    // The listener must not be called from within its own call.
    queueMicrotask(() => {
      // Otherwise a join or a confirmation is pending, which calls `onAssigned` by itself.
      if (!this.#assignment.isAssigned) return;
      this.#ifRunning((consumer) => consumer.pause(this.#topicPartitions(this.#assignment.last.owned)));
      this.#clearDelivery();
      this.#assignment.reconfirm();
    });
  }

  commitHint(positions: ByTopicPartition<number>): void {
    if (!this.#assignment.isAssigned) return;
    this.#hints.add(new Map([...positions].filter(([topic]) => this.#topics.includes(topic))));
  }

  async close(): Promise<void> {
    this.#end();
    await settleWithin(flushTimeoutMs, this.#hints.flush(), () => {});
    await this.#subscription?.consumer.disconnect();
  }

  destroy(): void {
    this.#end();
    this.#hints.clear();
    this.#subscription?.client.destroy();
  }

  #end(): void {
    this.#ended = true;
    this.#assignment.end();
    this.delivery.clear();
  }

  #joined(consumer: Consumer, assignment: IMemberAssignment): void {
    this.#clearDelivery();
    // Partition by partition: kafkajs ends the pause of a whole topic when one of its partitions is resumed.
    consumer.pause(Object.entries(assignment).map(([topic, partitions]) => ({ topic, partitions })));
    this.#assignment.joined(partitionsInEveryTopic(this.#topics, assignment));
  }

  #revoke(): void {
    this.#clearDelivery();
    this.#assignment.revoke();
  }

  #clearDelivery(): void {
    this.delivery.clear();
    if (!this.#ended) this.#hints.clear();
  }

  #handleBatch(subscription: Subscription, { batch, resolveOffset }: EachBatchPayload): void {
    const receivedAtMs = this.#settings.clock.monotonicMs();
    if (subscription !== this.#subscription) return;
    const { topic, partition, messages } = batch;
    const fetched = { topic, partition, offset: fetchedOffsetOf(batch) };
    const action = this.delivery.decide(fetched);
    if (action.kind === "deliver") {
      const records = messages.map((message) => toBusRecord(topic, partition, message, receivedAtMs));
      this.delivery.advance(fetched, records.at(-1)?.offset ?? fetched.offset, Number(batch.lastOffset()) + 1);
      resolveOffset(batch.lastOffset());
      this.#notifyListener(() => this.#listener.onRecords(records));
    } else if (action.kind === "seek") {
      this.#ifRunning((consumer) => consumer.seek({ topic, partition, offset: String(action.offset) }));
    } else if (action.kind === "out_of_range") {
      this.#settings.log("warn", "the log does not contain the requested offset", { topic, partition });
      this.reassign();
    }
  }

  /** kafkajs ended the subscription: subscribes again, at most `recoveryCountMax` times in close succession. */
  #recoverSubscription(subscription: Subscription, cause: unknown): void {
    if (this.#ended || subscription !== this.#subscription) return;
    const { clock, sessionTimeoutMs, log } = this.#settings;
    subscription.client.destroy();
    this.#subscription = undefined;
    this.#revoke();
    const fault = isNamed(cause, "KafkaJSNotImplemented")
      ? this.#codecFault(cause)
      : toBusFault("the subscription ended", cause);
    // For example a permission that was withdrawn: retrying can't help.
    if (!fault.retryable) return this.#fail(fault);
    this.#interruption = fault;
    if (clock.monotonicMs() - this.#subscribedAtMs > 2 * sessionTimeoutMs) this.#recoveryCount = 0;
    this.#recoveryCount += 1;
    log("error", "the subscription ended, subscribing again", {
      error: describeError(cause),
      count: this.#recoveryCount,
    });
    if (this.#recoveryCount > recoveryCountMax) return this.#fail(fault);
    void this.#subscribeAgain();
  }

  /** Tries until it succeeds, the consumer is closed, or a fault is not retryable. */
  async #subscribeAgain(): Promise<void> {
    const { clock, log } = this.#settings;
    for (let attempt = this.#recoveryCount - 1; !this.#ended; attempt += 1) {
      const backoffMs = Math.min(recoveryBackoffMs * 2 ** attempt, recoveryBackoffMaxMs) * (0.5 + clock.random() / 2);
      await new Promise<void>((resolve) => clock.after(backoffMs, resolve));
      if (this.#ended) return;
      try {
        return await this.subscribe();
      } catch (error) {
        this.#interruption = toBusFault("subscribing again", error);
        if (!this.#interruption.retryable) return this.#fail(error);
        log("error", "subscribing again failed, another try follows", { error: describeError(error) });
      }
    }
  }

  #codecFault(cause: unknown): Fault {
    const problem = `compresses in a way that can't be read (${describeError(cause)}); use gzip or none`;
    return new Fault("BUS_CODEC", `a producer of ${this.#topics.join(", ")} ${problem}`, { retryable: false, cause });
  }

  #fail(error: unknown): void {
    if (this.#ended) return;
    this.destroy();
    this.#listener.onFailure(error);
  }

  /** An exception of the listener ends the bus: kafkajs would take it for a failure of its own and try again. */
  #notifyListener(call: () => void): void {
    if (this.#ended) return;
    try {
      call();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** kafkajs throws while its consumer is stopped. Then the call is not needed: the next run joins the group anew. */
  #ifRunning(call: (consumer: Consumer) => void): void {
    try {
      if (this.#subscription !== undefined) call(this.#subscription.consumer);
    } catch (error) {
      this.#settings.log("info", "kafkajs is not running", { error: describeError(error) });
    }
  }

  #topicPartitions(partitions: readonly number[]): { topic: string; partitions: number[] }[] {
    return this.#topics.map((topic) => ({ topic, partitions: [...partitions] }));
  }
}
