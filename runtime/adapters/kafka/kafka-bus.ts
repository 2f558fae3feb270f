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

/** Of the 5 s that closing may take; the rest is for breaking connections off. */
const gracefulCloseMs = 4_000;
const leadersTimeoutMs = 10_000;

/**
 * Kafka, by kafkajs. The process's one producer, its one member of the consumer group, and what it asks about the log.
 */
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

  /**
   * How long the group has not answered a heartbeat, ms; 0 before `subscribe`. Not ready beyond two session timeouts.
   */
  get msSinceHeartbeat(): number {
    return this.#consumer?.msSinceHeartbeat ?? 0;
  }

  async prepare(topics: {
    readonly input: readonly string[];
    readonly output: readonly string[];
    readonly partitions: number;
  }): Promise<{ readonly partitions: number }> {
    const prepared = await prepareTopics(this.#settings, topics);
    // A leader that is known may not know it yet; the first consumer to meet one like that would join its group again.
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
    this.#consumer?.start(partition, positions);
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
    // A request that gets no answer is waited for by kafkajs, and a stop within a handler for ever.
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
