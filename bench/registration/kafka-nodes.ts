import { setTimeout as sleep } from "node:timers/promises";
import { type Consumer, Kafka, logLevel, Partitioners, type Producer } from "kafkajs";
import type { BenchNode, Engine } from "../load.ts";
import { introspection } from "../measure.ts";

export type BenchTopics = ReturnType<typeof benchTopics>;

export function benchTopics(runId: string) {
  const topic = (kind: string, name: string): string => `dev.${runId}.onex.${kind}.${name}.v1`;
  return {
    introspection: topic("evt", "node-introspection"),
    initiated: topic("evt", "node-registration-initiated"),
    accepted: topic("evt", "node-registration-accepted"),
    acked: topic("cmd", "node-registration-acked"),
    received: topic("evt", "node-registration-ack-received"),
    active: topic("evt", "node-became-active"),
    heartbeat: topic("evt", "node-heartbeat"),
    deregistered: topic("evt", "node-deregistered"),
    expired: topic("evt", "node-liveness-expired"),
  };
}

export async function createTopics(brokers: string, topics: BenchTopics, numPartitions: number): Promise<void> {
  const admin = new Kafka({ brokers: brokers.split(","), logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  await admin.createTopics({ topics: Object.values(topics).map((topic) => ({ topic, numPartitions })) });
  await admin.disconnect();
  await sleep(1_500);
}

/** The nodes' side over Kafka: one producer, one consumer of acceptances, one of became-active. */
export class KafkaEngine implements Engine {
  onAccepted: Engine["onAccepted"] = () => {};
  onActive: Engine["onActive"] = () => {};
  readonly #topics: BenchTopics;
  readonly #producer: Producer;
  readonly #consumers: Consumer[] = [];
  readonly #canLeave: boolean;
  #left: ((ids: readonly string[]) => void) | undefined;

  private constructor(topics: BenchTopics, producer: Producer, canLeave: boolean) {
    this.#topics = topics;
    this.#producer = producer;
    this.#canLeave = canLeave;
  }

  static async connect(
    brokers: string,
    topics: BenchTopics,
    runId: string,
    { canLeave }: { readonly canLeave: boolean },
  ): Promise<KafkaEngine> {
    const kafka = new Kafka({ clientId: "bench", brokers: brokers.split(","), logLevel: logLevel.NOTHING });
    const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
    await producer.connect();
    const engine = new KafkaEngine(topics, producer, canLeave);
    await engine.#consume(kafka, `${runId}-accepted`, topics.accepted, (ids) => engine.#accepted(ids));
    await engine.#consume(kafka, `${runId}-active`, topics.active, (ids) => ids.forEach((id) => engine.onActive(id)));
    if (canLeave)
      await engine.#consume(kafka, `${runId}-deregistered`, topics.deregistered, (ids) => engine.#left?.(ids));
    return engine;
  }

  async introspect(nodes: readonly BenchNode[], reason?: "shutdown"): Promise<void> {
    await this.#send(this.#topics.introspection, nodes, ({ id, index }) => ({
      ...introspection(id, index),
      ...(reason && { reason }),
    }));
  }

  /** They deregister; resolves when all have. Does nothing for an engine without deregistration. */
  async leave(nodes: readonly BenchNode[]): Promise<void> {
    const here = new Set(nodes.map(({ id }) => id));
    if (!this.#canLeave || here.size === 0) return;
    const gone = new Promise<void>((resolve) => {
      this.#left = (ids) => {
        for (const id of ids) here.delete(id);
        if (here.size === 0) resolve();
      };
    });
    await this.introspect(nodes, "shutdown");
    await gone;
  }

  async heartbeat(nodes: readonly BenchNode[]): Promise<void> {
    await this.#send(this.#topics.heartbeat, nodes, ({ id }) => ({ node_id: id }));
  }

  async close(): Promise<void> {
    await Promise.all(this.#consumers.map((consumer) => consumer.disconnect()));
    await this.#producer.disconnect();
  }

  async #send(topic: string, nodes: readonly BenchNode[], payloadOf: (node: BenchNode) => object): Promise<void> {
    const messages = nodes.map((node) => ({ key: node.id, value: JSON.stringify(payloadOf(node)) }));
    if (messages.length > 0) await this.#producer.send({ topic, acks: -1, messages });
  }

  #accepted(ids: readonly string[]): void {
    ids.forEach((id) => this.onAccepted(id));
    const messages = ids.map((id) => ({ key: id, value: JSON.stringify({ node_id: id }) }));
    void this.#producer.send({ topic: this.#topics.acked, acks: -1, messages });
  }

  /**
   * `take` is over at once: while a batch is being handled kafkajs asks for the other partitions alone, and what comes
   * into this one waits until that request has ended. The nodes' own waiting is not what is measured.
   */
  async #consume(kafka: Kafka, groupId: string, topic: string, take: (ids: string[]) => void): Promise<void> {
    const consumer = kafka.consumer({ groupId, maxWaitTimeInMs: 20, sessionTimeout: 30_000 });
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
}
