import type {
  BusDescription,
  BusListener,
  ByTopicPartition,
  EventBus,
  LogEnds,
  OutgoingMessage,
} from "../../ports/event-bus.ts";
import { KafkaConsumer } from "./kafka-consumer.ts";
import { KafkaLogEnds } from "./kafka-log-ends.ts";
import { busUnavailable, withTimeout } from "./kafka-faults.ts";
import { defaultKafkaLimits, type KafkaBusOptions, type KafkaSettings } from "./kafka-options.ts";
import { KafkaProducer } from "./kafka-producer.ts";
import { describeBus, prepareTopics } from "./kafka-topics.ts";

/** `close` may take 5 s; what is left of them is for breaking connections. */
const gracefulCloseMs = 4_000;
const leadersTimeoutMs = 10_000;

/** Kafka, by kafkajs: one producer, one member of the consumer group, and a connection that asks for the log's ends. */
export class KafkaBus implements EventBus {
  readonly #settings: KafkaSettings;
  readonly #producer: KafkaProducer;
  readonly #ends: KafkaLogEnds;
  #consumer: KafkaConsumer | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: KafkaBusOptions) {
    const limits = { ...defaultKafkaLimits, ...options.limits };
    this.#settings = { ...options, limits, log: options.log ?? (() => {}) };
    this.#producer = new KafkaProducer(this.#settings);
    this.#ends = new KafkaLogEnds(this.#settings);
  }

  async prepare(topics: {
    readonly input: readonly string[];
    readonly output: readonly string[];
    readonly partitions: number;
  }): Promise<{ readonly partitions: number }> {
    const prepared = await prepareTopics(this.#settings, topics);
    // A new leader may not know yet that it leads; a consumer that is the first to ask it would join its group again.
    await this.#ends.fetch([...topics.input, ...topics.output], leadersTimeoutMs);
    return prepared;
  }

  async subscribe(topics: readonly string[], listener: BusListener): Promise<void> {
    if (this.#closing !== undefined) throw busUnavailable("the bus is closed");
    if (this.#consumer !== undefined) throw new Error("a bus has one subscription");
    const consumer = new KafkaConsumer(this.#settings, topics, listener);
    this.#consumer = consumer;
    try {
      await consumer.subscribe();
    } catch (error) {
      this.#consumer = undefined;
      throw error;
    }
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

  async publish(
    messages: readonly OutgoingMessage[],
    { timeoutMs }: { readonly timeoutMs: number },
  ): Promise<{ readonly brokerTimeMs: number | undefined; readonly receivedAtMs: number }> {
    const { brokerTimeMs } = await this.#producer.publish(messages, timeoutMs);
    return { brokerTimeMs, receivedAtMs: this.#settings.clock.monotonicMs() };
  }

  async logEnds(
    topics: readonly string[],
    { timeoutMs }: { readonly timeoutMs: number },
  ): Promise<ByTopicPartition<LogEnds>> {
    const ends = await this.#ends.fetch(topics, timeoutMs);
    return new Map([...ends].map(([topic, partitions]) => [topic, this.#visibleEnds(topic, partitions)]));
  }

  describe(topics: readonly string[]): Promise<BusDescription> {
    return describeBus(this.#settings, topics);
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    const parts = [this.#consumer, this.#producer];
    const closed = Promise.allSettled(parts.map((part) => part?.close()));
    // kafkajs waits for requests that get no answer, and a stop that is awaited within a handler never ends.
    await withTimeout(gracefulCloseMs, "closing", closed).catch(() => undefined);
    for (const part of [...parts, this.#ends]) part?.destroy();
  }

  #visibleEnds(topic: string, partitions: ReadonlyMap<number, LogEnds>): ReadonlyMap<number, LogEnds> {
    const { delivery } = this.#consumer ?? {};
    if (delivery === undefined) return partitions;
    return new Map(
      [...partitions].map(([partition, { low, high }]) => [
        partition,
        { low, high: Math.max(low, delivery.visibleEnd(topic, partition, high)) },
      ]),
    );
  }
}
