/** A record of the log, as delivered. */
export interface BusRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  /** Header values as bytes; of a repeated header the last. */
  readonly headers: Readonly<Record<string, Buffer>>;
  /** When the broker appended it (LogAppendTime), ms since the epoch. */
  readonly brokerTimeMs: number;
  /** `Clock.monotonicMs()` when it arrived here. */
  readonly receivedAtMs: number;
}

export interface OutgoingMessage {
  readonly topic: string;
  readonly partition: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, string | Buffer>>;
}

/** The log's ends of one partition of one topic: `low` is the first offset there, `high` the next one to be written. */
export interface LogEnds {
  readonly low: number;
  readonly high: number;
}
/** topic -> partition -> value */
export type ByTopicPartition<Value> = ReadonlyMap<string, ReadonlyMap<number, Value>>;

/** Called by the bus; every call returns at once. */
export interface BusListener {
  /**
   * These partition numbers (of every subscribed topic) are ours, confirmed by a heartbeat. Nothing is delivered
   * before `start`. Always a whole assignment: what is not listed is no longer ours.
   */
  onAssigned(partitions: readonly number[]): void;
  /** Nothing is ours any more until the next `onAssigned`; what was delivered before is stale. */
  onRevoked(): void;
  /** Records in order within a partition of a topic. */
  onRecords(records: readonly BusRecord[]): void;
  /** The subscription ended for good (after `restart` failed): the process should leave. */
  onFailure(error: unknown): void;
}

/** Keyed partitions (murmur2, as Kafka's default partitioner), offsets, at least once. */
export interface EventBus {
  /**
   * Creates missing topics (input topics with LogAppendTime) and checks the existing ones.
   * New topics get the partition count of the existing ones, else `partitions`.
   * @returns the partition count that all share
   * @throws Fault BUS_UNAVAILABLE, retryable
   * @throws Fault TOPICS_UNEQUAL, not retryable: partition counts differ; names the topics
   * @throws Fault TOPIC_TIMESTAMP_TYPE, not retryable: an input topic is not LogAppendTime; names the topics and the
   * remedy
   */
  prepare(topics: {
    readonly input: readonly string[];
    readonly output: readonly string[];
    readonly partitions: number;
  }): Promise<{ readonly partitions: number }>;

  /** Joins the consumer group; the listener is called from now on until `close`. */
  subscribe(topics: readonly string[], listener: BusListener): Promise<void>;
  /**
   * Delivers an assigned partition from these offsets (topic -> next offset); overwrites earlier positions and pauses.
   */
  startPartition(partition: number, positions: ReadonlyMap<string, number>): void;
  /** Backpressure: stops and resumes the delivery of an assigned partition, without loss. */
  pause(partitions: readonly number[]): void;
  resume(partitions: readonly number[]): void;
  /**
   * Asks the group whether this process still owns its partitions. Leads to `onRevoked` and a new `onAssigned`
   * in any case, by a heartbeat or by joining again.
   */
  requestReassignment(): void;
  /** Stores positions in the group as a hint for lag tools; never the truth, never throws. */
  commitPositionsHint(positions: ByTopicPartition<number>): void;

  /**
   * Appends messages in order; resolves when all in-sync replicas have them. May append twice after a retry: readers
   * dedupe by `envelope_id`. One call at a time.
   * @param messages each of at most 512 KiB; the bus splits them into calls of that size per topic-partition
   * @returns the broker's time of the append, ms since the epoch, undefined when no topic of the call has it (a Kafka
   *   topic with CreateTime), and `receivedAtMs` for clock estimation
   * @throws Fault BUS_UNAVAILABLE, retryable: not confirmed within `timeoutMs`; it may or may not have been written
   * @throws Fault MESSAGE_TOO_LARGE, not retryable: names the topic and partition
   */
  publish(
    messages: readonly OutgoingMessage[],
    options: { readonly timeoutMs: number },
  ): Promise<{ readonly brokerTimeMs: number | undefined; readonly receivedAtMs: number }>;

  /**
   * The ends of the log, asked of the broker by a request begun after the call.
   * @throws Fault BUS_UNAVAILABLE, retryable: no answer within `timeoutMs`
   */
  logEnds(topics: readonly string[], options: { readonly timeoutMs: number }): Promise<ByTopicPartition<LogEnds>>;

  /** What `doctor` shows: versions, topics with partition counts and timestamp types. Throws Fault BUS_UNAVAILABLE. */
  describe(topics: readonly string[]): Promise<BusDescription>;

  /** Leaves the group and closes; at most 5 s. Idempotent. */
  close(): Promise<void>;
}

export interface BusDescription {
  readonly kind: "kafka" | "embedded";
  readonly version: string;
  readonly brokers: number;
  readonly topics: readonly { readonly topic: string; readonly partitions: number; readonly logAppendTime: boolean }[];
}
