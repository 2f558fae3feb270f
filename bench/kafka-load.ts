import { setTimeout as sleep } from "node:timers/promises";
import { type Consumer, Kafka, logLevel, Partitioners, type Producer } from "kafkajs";
import type { LoadEntity } from "./load.ts";

export async function createTopics(brokers: string, topics: readonly string[], numPartitions: number): Promise<void> {
  const admin = new Kafka({ brokers: brokers.split(","), logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  await admin.createTopics({ topics: topics.map((topic) => ({ topic, numPartitions })) });
  await admin.disconnect();
  await sleep(1_500);
}

/** Each partition costs a broker something, used or not: what later runs measure must not depend on earlier ones. */
export async function deleteTopics(brokers: string, prefix: string): Promise<void> {
  const admin = new Kafka({ brokers: brokers.split(","), logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  const topics = (await admin.listTopics()).filter((topic) => topic.startsWith(prefix));
  if (topics.length > 0) await admin.deleteTopics({ topics });
  await admin.disconnect();
}

/** A load's side of Kafka: one producer, and a consumer for each topic that tells how far its entities have come. */
export class KafkaLoad {
  readonly #kafka: Kafka;
  readonly #producer: Producer;
  readonly #consumers: Consumer[] = [];

  private constructor(kafka: Kafka, producer: Producer) {
    this.#kafka = kafka;
    this.#producer = producer;
  }

  static async connect(brokers: string): Promise<KafkaLoad> {
    const kafka = new Kafka({ clientId: "bench", brokers: brokers.split(","), logLevel: logLevel.NOTHING });
    const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
    await producer.connect();
    return new KafkaLoad(kafka, producer);
  }

  async send<Entity extends Pick<LoadEntity, "id">>(
    topic: string,
    entities: readonly Entity[],
    payloadOf: (entity: Entity) => object,
  ): Promise<void> {
    const messages = entities.map((entity) => ({ key: entity.id, value: JSON.stringify(payloadOf(entity)) }));
    if (messages.length > 0) await this.#producer.send({ topic, acks: -1, messages });
  }

  /**
   * `take` gets the keys of a batch, and is over at once: while a batch is being handled kafkajs asks for the other
   * partitions alone, and what comes into this one waits until that request has ended. The load's own waiting is not
   * what is measured.
   */
  async consume(groupId: string, topic: string, take: (ids: string[]) => void): Promise<void> {
    const consumer = this.#kafka.consumer({ groupId, maxWaitTimeInMs: 20, sessionTimeout: 30_000 });
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    const joined = new Promise((resolve) => consumer.on(consumer.events.GROUP_JOIN, resolve));
    await consumer.run({
      partitionsConsumedConcurrently: 12,
      autoCommit: false,
      eachBatch: async ({ batch }) => {
        take(batch.messages.map(({ key }) => key?.toString() ?? ""));
      },
    });
    await joined;
    this.#consumers.push(consumer);
  }

  async close(): Promise<void> {
    await Promise.all(this.#consumers.map((consumer) => consumer.disconnect()));
    await this.#producer.disconnect();
  }
}
