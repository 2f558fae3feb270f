export interface OutgoingMessage {
  readonly topic: string;
  readonly partition: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, string | Buffer>>;
}

/** A record of the log, as delivered. */
export interface BusRecord extends OutgoingMessage {
  readonly offset: number;
  /** Header values as bytes; the last one of a repeated header. */
  readonly headers: Readonly<Record<string, Buffer>>;
  /** When the broker appended it (LogAppendTime), ms since the epoch. */
  readonly brokerTimeMs: number;
  /** `Clock.monotonicMs()` when it arrived here. */
  readonly receivedAtMs: number;
}

/** The log's ends of one partition of one topic: `low` is the first offset there, `high` the next one to be written. */
export interface LogEnds {
  readonly low: number;
  readonly high: number;
}
/** topic -> partition -> value */
export type ByTopicPartition<Value> = ReadonlyMap<string, ReadonlyMap<number, Value>>;

/** Called by the bus. Every method must return at once. */
export interface BusListener {
  /**
   * This process owns exactly these partition numbers (of every subscribed topic), confirmed by a heartbeat. Nothing is
   * delivered before `startPartition`.
   */
  onAssigned(partitions: readonly number[]): void;
  /** This process owns nothing until the next `onAssigned`; records delivered before are stale. */
  onRevoked(): void;
  /** Records in order within a partition of a topic. */
  onRecords(records: readonly BusRecord[]): void;
  /** The subscription has ended for good: the process should exit. */
  onFailure(error: unknown): void;
}

export interface WantedTopics {
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly partitions: number;
}

/** How long the caller waits. */
export interface TimeLimit {
  readonly timeoutMs: number;
}

/** Where a record lies in the log. */
export interface RecordPlace {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

export interface Published {
  /** The broker's time of the append, ms since the epoch; undefined when no topic of the call has LogAppendTime. */
  readonly brokerTimeMs: number | undefined;
  /** `Clock.monotonicMs()` when the confirmation arrived here, for clock estimation. */
  readonly receivedAtMs: number;
  /** Of each message, in their order: of what was appended twice, the one that was confirmed. */
  readonly offsets: () => readonly number[];
}

/** Partitions by key (murmur2, as Kafka's default partitioner), offsets, at-least-once delivery. */
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
  prepare(topics: WantedTopics): Promise<{ readonly partitions: number }>;

  /** Joins the consumer group; the listener is called until `close`. */
  subscribe(topics: readonly string[], listener: BusListener): Promise<void>;
  /**
   * Delivers an assigned partition from these offsets (topic -> next offset); replaces earlier positions and pauses.
   */
  startPartition(partition: number, positions: ReadonlyMap<string, number>): void;
  /** Backpressure: stop and resume the delivery of assigned partitions, without loss. */
  pause(partitions: readonly number[]): void;
  resume(partitions: readonly number[]): void;
  /**
   * Asks the group whether this process still owns its partitions. Always leads to `onRevoked` and a new `onAssigned`,
   * by a heartbeat or by joining again.
   */
  requestReassignment(): void;
  /** Stores positions in the group, only for tools that show the lag. Never throws. */
  commitPositionsHint(positions: ByTopicPartition<number>): void;

  /**
   * Appends messages in order; resolves when all in-sync replicas have them. May append twice after a retry: consumers
   * deduplicate by `envelope_id`. One call at a time.
   * @param messages each of at most 512 KiB; the bus splits them into calls of that size per topic-partition
   * @throws Fault BUS_UNAVAILABLE, retryable: not confirmed within `timeoutMs`; it may or may not have been written
   * @throws Fault MESSAGE_TOO_LARGE, not retryable: names the topic and partition
   */
  publish(messages: readonly OutgoingMessage[], limit: TimeLimit): Promise<Published>;

  /**
   * The ends of the log, by a request to the broker that begins after the call.
   * @throws Fault BUS_UNAVAILABLE, retryable: no answer within `timeoutMs`, or the consumer group refuses this process
   */
  logEnds(topics: readonly string[], limit: TimeLimit): Promise<ByTopicPartition<LogEnds>>;

  /** For `doctor`: versions, topics with partition counts and timestamp types. @throws Fault BUS_UNAVAILABLE */
  describe(topics: readonly string[]): Promise<BusDescription>;

  /** Leaves the group and closes; at most 5 s. Idempotent. */
  close(): Promise<void>;
}

export interface BusDescription {
  readonly kind: "kafka" | "embedded";
  readonly version: string;
  readonly brokers: number;
  readonly topics: readonly {
    readonly topic: string;
    /** Null: one of them has no leader. */
    readonly partitions: number | null;
    readonly logAppendTime: boolean;
  }[];
}
