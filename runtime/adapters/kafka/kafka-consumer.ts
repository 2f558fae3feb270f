import type { Consumer, EachBatchPayload, IMemberAssignment, PartitionAssigner } from "kafkajs";
import { Fault } from "../../core/fault.ts";
import type { BusListener, BusRecord, ByTopicPartition } from "../../ports/event-bus.ts";
import { CommitHints } from "./commit-hints.ts";
import { busRecord } from "./bus-record.ts";
import { commonNumbers, coPartitionedAssigner, type Claim } from "./kafka-assigner.ts";
import { KafkaClient } from "./kafka-client.ts";
import { KafkaDelivery } from "./kafka-delivery.ts";
import { isNamed, reasonOf, startFault, unavailable, within } from "./kafka-faults.ts";
import { isStillMember } from "./kafka-membership.ts";
import type { KafkaSettings } from "./kafka-options.ts";
import { fetchedOffsetOf, onJoining, type GroupMembership } from "./kafkajs-internals.ts";

/** One consumer of kafkajs, from its making to its end. kafkajs may run it several times. */
interface Subscription {
  readonly client: KafkaClient;
  readonly consumer: Consumer;
}

const rebuildBackoffMs = 1_000;
const rebuildBackoffMaxMs = 30_000;

/** See `EventBus.subscribe` and what follows it there. */
export class KafkaConsumer {
  readonly #settings: KafkaSettings;
  readonly #topics: readonly string[];
  readonly #listener: BusListener;
  readonly #hints: CommitHints;
  readonly delivery = new KafkaDelivery();
  #subscription: Subscription | undefined;
  /** What the group gave us last; ours once the listener was told. */
  #claim: Omit<Claim, "memberId"> = { owned: [], generation: -1 };
  #membership: GroupMembership | undefined;
  #isAnnounced = false;
  /** Counts what makes an earlier answer of the group worthless. */
  #turn = 0;
  #builtAtMs = 0;
  #rebuildCount = 0;
  #heardAtMs: number;
  #ended = false;

  constructor(settings: KafkaSettings, topics: readonly string[], listener: BusListener) {
    this.#settings = settings;
    this.#topics = topics;
    this.#listener = listener;
    this.#heardAtMs = settings.clock.monotonicMs();
    this.#hints = new CommitHints(settings.clock, settings.limits.commitHintIntervalMs, async (hints) =>
      this.#subscription?.consumer.commitOffsets([...hints]),
    );
  }

  /** How long the group has not answered a heartbeat. */
  get silentMs(): number {
    return this.#settings.clock.monotonicMs() - this.#heardAtMs;
  }

  /** Resolves when the topics are known; joining goes on behind. @throws Fault BUS_UNAVAILABLE, BUS_REFUSED */
  async subscribe(): Promise<void> {
    const { clock, limits } = this.#settings;
    const subscription = this.#create();
    const { client, consumer } = subscription;
    const connected = consumer
      .connect()
      .then(() => consumer.subscribe({ topics: [...this.#topics], fromBeginning: true }));
    try {
      await within(limits.connectTimeoutMs, "subscribing", connected);
    } catch (error) {
      client.destroy();
      throw startFault("subscribing", error);
    }
    if (this.#ended) return client.destroy();
    this.#subscription = subscription;
    this.#builtAtMs = clock.monotonicMs();
    const ran = consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      eachBatch: async (payload) => this.#take(subscription, payload),
    });
    ran.catch((error: unknown) => this.#rebuild(subscription, error));
  }

  start(partition: number, positions: ReadonlyMap<string, number>): void {
    const missing = this.#topics.find((topic) => !positions.has(topic));
    if (missing !== undefined) throw new Error(`partition ${partition} has no position in ${missing}`);
    const consumer = this.#subscription?.consumer;
    if (consumer === undefined || !this.#isAnnounced || !this.#claim.owned.includes(partition)) return;
    this.#tellKafkajs(() => {
      for (const topic of this.#topics) consumer.seek({ topic, partition, offset: String(positions.get(topic)) });
      consumer.resume(this.#places([partition]));
      this.delivery.start(partition, new Map(this.#topics.map((topic) => [topic, positions.get(topic) ?? 0])));
    });
  }

  pause(partitions: readonly number[]): void {
    const paused = this.delivery.pause(partitions);
    this.#tellKafkajs(() => this.#subscription?.consumer.pause(this.#places(paused)));
  }

  resume(partitions: readonly number[]): void {
    const resumed = this.delivery.resume(partitions);
    this.#tellKafkajs(() => this.#subscription?.consumer.resume(this.#places(resumed)));
  }

  reassign(): void {
    // The listener must not be called from within its own call.
    queueMicrotask(() => {
      // Not announced: whatever is under way, joining or asking, ends in `onAssigned`.
      if (!this.#isAnnounced) return;
      this.#tellKafkajs(() => this.#subscription?.consumer.pause(this.#places(this.#claim.owned)));
      this.#revoke();
      void this.#confirm();
    });
  }

  commitHint(positions: ByTopicPartition<number>): void {
    if (this.#ended || !this.#isAnnounced) return;
    this.#hints.note(new Map([...positions].filter(([topic]) => this.#topics.includes(topic))));
  }

  async close(): Promise<void> {
    this.#ended = true;
    await within(1_000, "committing", this.#hints.flush()).catch(() => undefined);
    await this.#subscription?.consumer.disconnect();
  }

  destroy(): void {
    this.#ended = true;
    this.#hints.clear();
    this.#subscription?.client.destroy();
  }

  #create(): Subscription {
    const { groupId, limits } = this.#settings;
    const client = new KafkaClient(this.#settings);
    const assigner: PartitionAssigner = ({ cluster }) => {
      const made = coPartitionedAssigner(cluster, () => this.#claim);
      onJoining(made, (membership) => this.#joining(membership));
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
      retry: { restartOnFailure: () => Promise.resolve(!this.#ended) },
    });
    const subscription: Subscription = { client, consumer };
    const { GROUP_JOIN, HEARTBEAT, START_BATCH_PROCESS, STOP, CRASH } = consumer.events;
    consumer.on(GROUP_JOIN, ({ payload }) => this.#joined(subscription, payload.memberAssignment));
    consumer.on(HEARTBEAT, () => void (this.#heardAtMs = this.#settings.clock.monotonicMs()));
    consumer.on(START_BATCH_PROCESS, ({ payload: { topic, partition, batchSize, firstOffset, lastOffset } }) => {
      const first: string | null = firstOffset;
      if (batchSize === 0)
        this.delivery.skip(topic, partition, first === null ? null : Number(first), Number(lastOffset));
    });
    consumer.on(STOP, () => this.#revoke());
    consumer.on(CRASH, ({ payload: { error, restart } }) => {
      this.#revoke();
      if (!restart) this.#rebuild(subscription, error);
    });
    return subscription;
  }

  /** A new run of kafkajs is a new member, and the group would wait for the old one until its session has ended. */
  #joining(membership: GroupMembership): void {
    if (membership !== this.#membership) membership.memberId ??= this.#membership?.memberId ?? null;
    this.#membership = membership;
  }

  /** Called within kafkajs' join: nothing is fetched before this returns. */
  #joined(subscription: Subscription, assignment: IMemberAssignment): void {
    this.#revoke();
    this.#tellKafkajs(() =>
      // Always by number: kafkajs takes "all partitions of a topic" back when one of them is named later.
      subscription.consumer.pause(Object.entries(assignment).map(([topic, partitions]) => ({ topic, partitions }))),
    );
    const generation = this.#membership?.generationId ?? -1;
    this.#claim = { owned: commonNumbers(this.#topics, assignment), generation };
    void this.#confirm();
  }

  async #confirm(): Promise<void> {
    const turn = ++this.#turn;
    const membership = this.#membership;
    const isWanted = (): boolean => turn === this.#turn && !this.#ended;
    if (membership === undefined || !(await isStillMember(membership, isWanted))) return;
    this.#heardAtMs = this.#settings.clock.monotonicMs();
    this.#isAnnounced = true;
    this.#tellListener(() => this.#listener.onAssigned(this.#claim.owned));
  }

  #revoke(): void {
    this.#turn += 1;
    this.delivery.clear();
    this.#hints.clear();
    if (!this.#isAnnounced) return;
    this.#isAnnounced = false;
    this.#tellListener(() => this.#listener.onRevoked());
  }

  #take(subscription: Subscription, { batch, resolveOffset }: EachBatchPayload): void {
    const receivedAtMs = this.#settings.clock.monotonicMs();
    const { topic, partition, messages } = batch;
    if (subscription !== this.#subscription) return;
    const fetched = { topic, partition, offset: fetchedOffsetOf(batch) };
    const verdict = this.delivery.judge(fetched);
    if (verdict.kind === "deliver") {
      const records: readonly BusRecord[] = messages.map((message) =>
        busRecord(topic, partition, message, receivedAtMs),
      );
      this.delivery.advance(fetched, records.at(-1)?.offset ?? fetched.offset, Number(batch.lastOffset()) + 1);
      resolveOffset(batch.lastOffset());
      this.#tellListener(() => this.#listener.onRecords(records));
    } else if (verdict.kind === "seek") {
      const offset = String(verdict.offset);
      this.#tellKafkajs(() => subscription.consumer.seek({ topic, partition, offset }));
    } else if (verdict.kind === "lost") {
      this.#settings.log("warn", "the log does not have the position asked for", { topic, partition });
      this.reassign();
    }
  }

  /** kafkajs gave up. An unreachable broker is waited for without end; anything else only so often. */
  #rebuild(subscription: Subscription, cause: unknown): void {
    if (this.#ended || subscription !== this.#subscription) return;
    const { clock, limits, log } = this.#settings;
    subscription.client.destroy();
    this.#subscription = undefined;
    this.#revoke();
    if (isNamed(cause, "KafkaJSNotImplemented")) return this.#fail(unreadable(this.#topics, cause));
    if (clock.monotonicMs() - this.#builtAtMs > 2 * limits.sessionTimeoutMs) this.#rebuildCount = 0;
    this.#rebuildCount += 1;
    log("error", "the subscription ended, building it again", { error: reasonOf(cause), count: this.#rebuildCount });
    if (this.#rebuildCount > limits.rebuildCountMax) return this.#fail(unavailable("the subscription ended", cause));
    void this.#subscribeAgain();
  }

  async #subscribeAgain(): Promise<void> {
    const { clock, log } = this.#settings;
    for (let attempt = this.#rebuildCount - 1; !this.#ended; attempt += 1) {
      const backoffMs = Math.min(rebuildBackoffMs * 2 ** attempt, rebuildBackoffMaxMs) * (0.5 + clock.random() / 2);
      await new Promise<void>((resolve) => clock.after(backoffMs, resolve));
      try {
        return await this.subscribe();
      } catch (error) {
        if (error instanceof Fault && !error.retryable) return this.#fail(error);
        log("error", "the subscription can't be built again yet", { error: reasonOf(error) });
      }
    }
  }

  #fail(error: unknown): void {
    if (this.#ended) return;
    this.destroy();
    this.#listener.onFailure(error);
  }

  /** An exception in kafkajs' event or handler would be taken for its own trouble. */
  #tellListener(call: () => void): void {
    if (this.#ended) return;
    try {
      call();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Between two runs of a consumer there is nothing to seek or to pause; the next one begins with a join. */
  #tellKafkajs(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#settings.log("info", "kafkajs is not running", { error: reasonOf(error) });
    }
  }

  #places(partitions: readonly number[]): { topic: string; partitions: number[] }[] {
    return this.#topics.map((topic) => ({ topic, partitions: [...partitions] }));
  }
}

function unreadable(topics: readonly string[], cause: unknown): Fault {
  const text = `a producer of ${topics.join(", ")} compresses in a way that can't be read (${reasonOf(cause)}); use gzip or none`;
  return new Fault("BUS_CODEC", text, { retryable: false, cause });
}
