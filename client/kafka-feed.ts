import type { Consumer, EachBatchPayload, Kafka } from "kafkajs";
import { backOffMs, pause } from "./back-off.ts";
import type { TransportLog } from "./transport.ts";

export interface KafkaFeedOptions {
  readonly kafka: Kafka;
  readonly topics: readonly string[];
  readonly log: TransportLog;
  /** Called for every record that is appended after the opening, in order within a partition. */
  readonly onRecord: (key: string | undefined, value: Buffer) => void;
}

/**
 * Reads everything that is appended to some topics from now on. Each feed is the only member of its consumer group and
 * keeps its positions in memory, so that an interruption loses nothing and nothing is stored in Kafka.
 */
export class KafkaFeed {
  readonly #options: KafkaFeedOptions;
  readonly #positions = new Map<string, Map<number, string>>();
  readonly #closing = new AbortController();
  #consumer: Consumer | undefined;

  constructor(options: KafkaFeedOptions) {
    this.#options = options;
  }

  /** Resolves when everything appended from now on will be delivered. Waits for brokers and topics without limit. */
  async open(): Promise<void> {
    for (let failures = 0; !this.#closing.signal.aborted;) {
      try {
        if (this.#positions.size === 0) await this.#readLogEnds();
        return await this.#consume();
      } catch (error) {
        this.#options.log("warn", "the answers can't be read from Kafka yet", error);
        await this.#disconnect();
        await pause(backOffMs(++failures, 250, 5_000), this.#closing.signal);
      }
    }
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#disconnect();
  }

  /**
   * kafkajs' "latest" would begin at the log's end at the time of the first fetch, after answers that came before it.
   */
  async #readLogEnds(): Promise<void> {
    const admin = this.#options.kafka.admin({ retry: { retries: 2 } });
    try {
      await admin.connect();
      // All are awaited, also when one fails: kafkajs would connect again for requests that are still pending.
      const found = await Promise.allSettled(
        this.#options.topics.map(async (topic) => ({ topic, ends: await admin.fetchTopicOffsets(topic) })),
      );
      const failed = found.find((each) => each.status === "rejected");
      if (failed) throw failed.reason;
      for (const each of found)
        if (each.status === "fulfilled")
          this.#positions.set(
            each.value.topic,
            new Map(each.value.ends.map(({ partition, high }) => [partition, high])),
          );
    } finally {
      await admin.disconnect();
    }
  }

  async #consume(): Promise<void> {
    const consumer = this.#options.kafka.consumer({
      groupId: `rollcall-client-${crypto.randomUUID()}`,
      sessionTimeout: 30_000,
      rebalanceTimeout: 60_000,
      heartbeatInterval: 3_000,
      maxWaitTimeInMs: 250,
      allowAutoTopicCreation: false,
      retry: { restartOnFailure: () => Promise.resolve(!this.#closing.signal.aborted) },
    });
    this.#consumer = consumer;
    consumer.on(consumer.events.CRASH, ({ payload: { error, restart } }) => {
      this.#options.log("warn", "the answers' consumer broke off", error);
      if (!restart && this.#consumer === consumer && !this.#closing.signal.aborted) void this.#reopen();
    });
    await consumer.connect();
    await consumer.subscribe({ topics: [...this.#options.topics], fromBeginning: false });
    const joined = new Promise<void>((resolve) => {
      consumer.on(consumer.events.GROUP_JOIN, ({ payload: { memberAssignment } }) => {
        for (const [topic, partitions] of Object.entries(memberAssignment)) this.#seek(consumer, topic, partitions);
        resolve();
      });
    });
    const ran = consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      eachBatch: (payload) => this.#handleBatch(payload),
    });
    await Promise.race([ran.then(() => joined), joined]);
  }

  async #reopen(): Promise<void> {
    await this.#disconnect();
    await this.open();
  }

  #seek(consumer: Consumer, topic: string, partitions: readonly number[]): void {
    for (const partition of partitions) {
      // A partition that was created later is read from its start.
      const offset = this.#positions.get(topic)?.get(partition) ?? "0";
      consumer.seek({ topic, partition, offset });
    }
  }

  #handleBatch({ batch, resolveOffset }: EachBatchPayload): Promise<void> {
    const { topic, partition, messages } = batch;
    for (const { key, value } of messages) if (value) this.#options.onRecord(key?.toString(), value);
    const last = batch.lastOffset();
    this.#positions.get(topic)?.set(partition, String(Number(last) + 1));
    resolveOffset(last);
    return Promise.resolve();
  }

  async #disconnect(): Promise<void> {
    const consumer = this.#consumer;
    this.#consumer = undefined;
    await consumer?.disconnect().catch(() => undefined);
  }
}
