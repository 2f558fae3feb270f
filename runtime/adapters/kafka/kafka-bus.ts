import type {
  BusDescription,
  BusListener,
  ByTopicPartition,
  EventBus,
  LogEnds,
  OutgoingMessage,
  Published,
  TimeLimit,
  WantedTopics,
} from "../../ports/event-bus.ts";
import { settleWithin } from "../../ports/settle-within.ts";
import { type KafkaBusOptions, type KafkaSettings, withDefaults } from "./kafka-client.ts";
import { KafkaConnection } from "./kafka-connection.ts";
import { KafkaConsumer } from "./kafka-consumer.ts";
import { busUnavailable } from "./kafka-faults.ts";
import { clusterOf, fetchLogEnds } from "./kafka-log-ends.ts";
import { KafkaProducer } from "./kafka-producer.ts";
import { describeBus, prepareTopics } from "./kafka-topics.ts";

/** `close` may take 5 s; what is left of them is for breaking connections. */
const gracefulCloseMs = 4_000;
const leadersTimeoutMs = 10_000;

/** Kafka, by kafkajs: one producer, one member of the consumer group, and a connection that asks for the log's ends. */
export class KafkaBus implements EventBus {
  readonly #settings: KafkaSettings;
  readonly #producer: KafkaProducer;
  readonly #cluster: KafkaConnection<ReturnType<typeof clusterOf>>;
  #consumer: KafkaConsumer | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: KafkaBusOptions) {
    this.#settings = withDefaults(options);
    this.#producer = new KafkaProducer(this.#settings);
    this.#cluster = new KafkaConnection(this.#settings, clusterOf);
  }

  async prepare(topics: WantedTopics): Promise<{ readonly partitions: number }> {
    const prepared = await prepareTopics(this.#settings, topics);
    // A new leader may not know yet that it leads; a consumer that is the first to ask it would join its group again.
    await this.logEnds([...topics.input, ...topics.output], { timeoutMs: leadersTimeoutMs });
    return prepared;
  }

  async subscribe(topics: readonly string[], listener: BusListener): Promise<void> {
    if (this.#closing !== undefined) throw busUnavailable("the bus is closed");
    if (this.#consumer !== undefined) throw new Error("a bus has one subscription");
    this.#consumer = new KafkaConsumer(this.#settings, topics, listener);
    await this.#consumer.subscribe().catch((error: unknown) => {
      this.#consumer = undefined;
      throw error;
    });
  }

  startPartition(partition: number, positions: ReadonlyMap<string, number>): void {
    this.#consumer?.startPartition(partition, positions);
  }

  pause(partitions: readonly number[]): void {
    this.#consumer?.pause(partitions);
  }

  resume(partitions: readonly number[]): void {
    this.#consumer?.resume(partitions);
  }

  requestReassignment(): void {
    this.#consumer?.reassign();
  }

  commitPositionsHint(positions: ByTopicPartition<number>): void {
    this.#consumer?.commitHint(positions);
  }

  publish(messages: readonly OutgoingMessage[], { timeoutMs }: TimeLimit): Promise<Published> {
    return this.#producer.publish(messages, timeoutMs);
  }

  async logEnds(topics: readonly string[], { timeoutMs }: TimeLimit): Promise<ByTopicPartition<LogEnds>> {
    if (this.#consumer?.interruption) throw this.#consumer.interruption;
    const deadlineAt = this.#settings.clock.monotonicMs() + timeoutMs;
    return this.#cluster.request(`asking for the ends of ${topics.join(", ")}`, deadlineAt, (cluster) =>
      fetchLogEnds(
        cluster,
        topics,
        (topic, partition, high) => this.#consumer?.delivery.visibleEnd(topic, partition, high) ?? high,
      ),
    );
  }

  describe(topics: readonly string[]): Promise<BusDescription> {
    return describeBus(this.#settings, topics);
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    const closed = Promise.allSettled([this.#consumer?.close(), this.#producer.end()?.disconnect()]);
    // kafkajs waits for requests that get no answer, and a stop that is awaited within a handler never ends.
    await settleWithin<unknown>(gracefulCloseMs, closed, () => {});
    for (const part of [this.#consumer, this.#producer, this.#cluster]) part?.destroy();
  }
}
