import { type Consumer, Kafka, logLevel, Partitioners, type Producer } from "kafkajs";
import type { Engine } from "./load.ts";
import { introspection } from "./measure.ts";

export interface BenchTopics {
  readonly introspection: string;
  readonly accepted: string;
  readonly acked: string;
  readonly active: string;
}

/** The nodes' side over Kafka: one producer, one consumer of acceptances, one of became-active. */
export class KafkaEngine implements Engine {
  onAccepted: Engine["onAccepted"] = () => {};
  onActive: Engine["onActive"] = () => {};
  readonly #topics: BenchTopics;
  readonly #producer: Producer;
  readonly #consumers: Consumer[] = [];

  private constructor(topics: BenchTopics, producer: Producer) {
    this.#topics = topics;
    this.#producer = producer;
  }

  static async connect(brokers: string, topics: BenchTopics, runId: string): Promise<KafkaEngine> {
    const kafka = new Kafka({ clientId: "bench", brokers: brokers.split(","), logLevel: logLevel.NOTHING });
    const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
    await producer.connect();
    const engine = new KafkaEngine(topics, producer);
    await engine.#consume(kafka, `${runId}-accepted`, topics.accepted, (ids) => engine.#accepted(ids));
    await engine.#consume(kafka, `${runId}-active`, topics.active, (ids) => ids.forEach((id) => engine.onActive(id)));
    return engine;
  }

  async introspect(nodes: readonly { readonly id: string; readonly index: number }[]): Promise<void> {
    const messages = nodes.map(({ id, index }) => ({ key: id, value: JSON.stringify(introspection(id, index)) }));
    await this.#producer.send({ topic: this.#topics.introspection, acks: -1, messages });
  }

  async close(): Promise<void> {
    await Promise.all(this.#consumers.map((consumer) => consumer.disconnect()));
    await this.#producer.disconnect();
  }

  async #accepted(ids: readonly string[]): Promise<void> {
    ids.forEach((id) => this.onAccepted(id));
    const messages = ids.map((id) => ({ key: id, value: JSON.stringify({ node_id: id }) }));
    await this.#producer.send({ topic: this.#topics.acked, acks: -1, messages });
  }

  async #consume(kafka: Kafka, groupId: string, topic: string, take: (ids: string[]) => unknown): Promise<void> {
    const consumer = kafka.consumer({ groupId, maxWaitTimeInMs: 250, sessionTimeout: 30_000 });
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    const joined = new Promise((resolve) => consumer.on(consumer.events.GROUP_JOIN, resolve));
    await consumer.run({
      partitionsConsumedConcurrently: 12,
      eachBatch: async ({ batch }) => {
        await take(batch.messages.map(({ key }) => key?.toString() ?? ""));
      },
    });
    await joined;
    this.#consumers.push(consumer);
  }
}
