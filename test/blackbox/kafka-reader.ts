import { setTimeout as sleep } from "node:timers/promises";
import { type Consumer, Kafka, logLevel } from "kafkajs";
import type { PublishedRecord } from "./evidence.ts";

/** A record of a topic as it lies there. */
export interface LoggedRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly atMs: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, string>>;
}

/** Reads topics from their beginning as a foreign consumer, with a group of its own. */
export class KafkaReader {
  readonly records: LoggedRecord[] = [];
  readonly #consumer: Consumer;
  readonly #kafka: Kafka;
  readonly #topics: readonly string[];
  readonly #positions = new Map<string, number>();

  private constructor(brokers: string, topics: readonly string[], groupId: string) {
    this.#kafka = new Kafka({ brokers: brokers.split(","), clientId: "stranger", logLevel: logLevel.NOTHING });
    this.#consumer = this.#kafka.consumer({ groupId, maxWaitTimeInMs: 100 });
    this.#topics = topics;
  }

  static async open(brokers: string, topics: readonly string[], groupId: string): Promise<KafkaReader> {
    const reader = new KafkaReader(brokers, topics, groupId);
    await reader.#consumer.connect();
    await reader.#consumer.subscribe({ topics: [...topics], fromBeginning: true });
    await reader.#consumer.run({
      autoCommit: false,
      eachMessage: async ({ topic, partition, message: { key, value, offset, timestamp, headers } }) => {
        const place = `${topic} ${partition}`;
        // A group that is rebalanced reads from the beginning.
        if (Number(offset) < (reader.#positions.get(place) ?? 0)) return;
        reader.#positions.set(place, Number(offset) + 1);
        const texts = Object.entries(headers ?? {}).map(([name, text]) => [name, String(text)]);
        reader.records.push({
          topic,
          partition,
          offset: Number(offset),
          atMs: Number(timestamp),
          key,
          value,
          headers: Object.fromEntries(texts),
        });
      },
    });
    return reader;
  }

  of(topic: string): readonly LoggedRecord[] {
    return this.records.filter((record) => record.topic === topic);
  }

  /** Resolves when everything that lies in the topics at the time of the call was read. */
  async caughtUp(): Promise<void> {
    const admin = this.#kafka.admin();
    await admin.connect();
    try {
      for (const topic of this.#topics)
        for (const { partition, low, high } of await admin.fetchTopicOffsets(topic))
          while (Number(high) > Number(low) && (this.#positions.get(`${topic} ${partition}`) ?? 0) < Number(high))
            await sleep(20);
    } finally {
      await admin.disconnect();
    }
  }

  close(): Promise<void> {
    return this.#consumer.disconnect();
  }
}

const published = new WeakMap<LoggedRecord, PublishedRecord>();

/** The same object for the same record. */
export function publishedRecordOf(record: LoggedRecord): PublishedRecord {
  const { topic, partition, offset, atMs, key, value, headers } = record;
  const known = published.get(record) ?? {
    value: String(value),
    atMs,
    kafka: { topic, partition, offset, key: String(key), headers },
  };
  published.set(record, known);
  return known;
}
