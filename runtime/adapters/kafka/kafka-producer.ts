import { setTimeout as sleep } from "node:timers/promises";
import { Partitioners, type Message, type Producer, type RecordMetadata, type TopicMessages } from "kafkajs";
import { Fault } from "../../core/fault.ts";
import type { OutgoingMessage } from "../../ports/event-bus.ts";
import { KafkaClient } from "./kafka-client.ts";
import { PendingWork, errorTypesOf, describeError, busUnavailable, withTimeout } from "./kafka-faults.ts";
import type { KafkaSettings } from "./kafka-options.ts";
import { withOnePassGrouping } from "./kafkajs-patches.ts";
import { splitIntoCalls, topicPartitionName } from "./publish-calls.ts";

export interface PublishConfirmation {
  /** Ms since the epoch; undefined when no topic of the call has LogAppendTime. */
  readonly brokerTimeMs: number | undefined;
}

interface Connection {
  readonly client: KafkaClient;
  readonly producer: Producer;
}

const firstBackoffMs = 50;
const backoffMaxMs = 1_000;

/**
 * Sends one call at a time, and sends it again until it is confirmed as a whole.
 *
 * Not with kafkajs' idempotent producer: after a lost reply it can give a failed batch's sequence number to another
 * one, which the broker then drops as a repeat, and it numbers wrongly beyond 2^31. A repeat costs a reader one
 * comparison, a loss can't be healed. For the same reason kafkajs tries nothing again by itself: its retry forgets
 * requests that are still under way to another broker, and resolves without what a moved leader refused.
 */
export class KafkaProducer {
  readonly #settings: KafkaSettings;
  #connection: Connection | undefined;
  #lastPublish: Promise<unknown> = Promise.resolve();
  #closed = false;
  readonly #pending = new PendingWork();

  constructor(settings: KafkaSettings) {
    this.#settings = settings;
  }

  /** @throws Fault BUS_UNAVAILABLE, MESSAGE_TOO_LARGE */
  publish(messages: readonly OutgoingMessage[], timeoutMs: number): Promise<PublishConfirmation> {
    const deadlineAt = this.#settings.clock.monotonicMs() + timeoutMs;
    const sent = this.#lastPublish.then(() => this.#publish(messages, deadlineAt));
    this.#lastPublish = sent.catch(() => undefined);
    return sent;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#connection?.producer.disconnect();
  }

  destroy(): void {
    this.#closed = true;
    this.#pending.rejectAll("the bus was closed");
    this.#discard();
  }

  async #publish(messages: readonly OutgoingMessage[], deadlineAt: number): Promise<PublishConfirmation> {
    let appended: PublishConfirmation | undefined;
    for (const call of splitIntoCalls(messages, this.#settings.limits.publishPartitionBytesMax)) {
      if (appended) this.#settings.onPartPublished?.();
      const { brokerTimeMs = appended?.brokerTimeMs } = await this.#sendUntilConfirmed(call, deadlineAt);
      appended = { brokerTimeMs };
    }
    return appended ?? { brokerTimeMs: undefined };
  }

  async #sendUntilConfirmed(messages: readonly OutgoingMessage[], deadlineAt: number): Promise<PublishConfirmation> {
    const { clock, limits, log } = this.#settings;
    const notConfirmed = (cause?: unknown) =>
      busUnavailable(`publish: ${messages.length} messages not confirmed`, cause);
    /** What the broker itself said last: more than that the time was over. */
    let brokerError: unknown;
    for (let attempt = 0; ; attempt += 1) {
      const leftMs = deadlineAt - clock.monotonicMs();
      if (this.#closed || leftMs <= 0) throw notConfirmed(brokerError);
      const timeoutMs = Math.min(Math.ceil(leftMs), limits.requestTimeoutMs);
      const backoffMs = Math.min(firstBackoffMs * 2 ** attempt, backoffMaxMs) * (0.5 + clock.random());
      try {
        return await withTimeout(timeoutMs, "publish", this.#pending.track(this.#send(messages, timeoutMs)));
      } catch (error) {
        this.#discard();
        if (errorTypesOf(error).length > 0) brokerError = error;
        if (isTooLarge(error)) return this.#sendInHalves(messages, deadlineAt, error);
        if (this.#closed || clock.monotonicMs() + backoffMs >= deadlineAt) throw notConfirmed(brokerError ?? error);
        log("warn", "a publish was not confirmed, trying again", { attempt, error: describeError(error) });
      }
      await sleep(backoffMs);
    }
  }

  /** A partition's messages of a call are one batch to the broker: only one message alone tells which is too large. */
  async #sendInHalves(
    messages: readonly OutgoingMessage[],
    deadlineAt: number,
    cause: unknown,
  ): Promise<PublishConfirmation> {
    const [only] = messages;
    if (messages.length === 1 && only !== undefined) {
      const bytes = only.value?.length ?? 0;
      const text = `a message of ${bytes} bytes is larger than ${topicPartitionName(only)} takes (max.message.bytes)`;
      throw new Fault("MESSAGE_TOO_LARGE", text, { retryable: false, cause });
    }
    const middle = Math.ceil(messages.length / 2);
    const first = await this.#sendUntilConfirmed(messages.slice(0, middle), deadlineAt);
    const second = await this.#sendUntilConfirmed(messages.slice(middle), deadlineAt);
    return { brokerTimeMs: second.brokerTimeMs ?? first.brokerTimeMs };
  }

  async #send(messages: readonly OutgoingMessage[], timeoutMs: number): Promise<PublishConfirmation> {
    const connection = (this.#connection ??= this.#open());
    // Resolves at once when it is connected.
    await connection.producer.connect();
    const topicMessages = byTopic(messages);
    const confirmed = await connection.producer.sendBatch({ acks: -1, timeout: timeoutMs, topicMessages });
    assertAllConfirmed(messages, confirmed);
    const times = confirmed.map(({ logAppendTime = "-1" }) => Number(logAppendTime));
    const brokerTimeMs = Math.max(-1, ...times);
    return { brokerTimeMs: brokerTimeMs < 0 ? undefined : brokerTimeMs };
  }

  #open(): Connection {
    const client = new KafkaClient(this.#settings);
    const producer = client.kafka.producer({
      allowAutoTopicCreation: false,
      createPartitioner: Partitioners.DefaultPartitioner,
      idempotent: false,
      retry: { retries: 0 },
    });
    return { client, producer };
  }

  /** What it still has under way must not be waited for, nor come between later calls on the same connection. */
  #discard(): void {
    this.#connection?.client.destroy();
    this.#connection = undefined;
  }
}

const isTooLarge = (error: unknown): boolean =>
  errorTypesOf(error).some((type) => type === "MESSAGE_TOO_LARGE" || type === "RECORD_LIST_TOO_LARGE");

function byTopic(messages: readonly OutgoingMessage[]): TopicMessages[] {
  const topics = new Map<string, Message[]>();
  for (const { topic, partition, key, value, headers } of messages) {
    const ofTopic = topics.get(topic) ?? [];
    ofTopic.push({ partition, key, value, headers });
    topics.set(topic, ofTopic);
  }
  return [...topics].map(([topic, ofTopic]) => ({ topic, messages: withOnePassGrouping(ofTopic) }));
}

/** kafkajs resolves without having sent what belongs to a partition that its metadata doesn't know. */
function assertAllConfirmed(messages: readonly OutgoingMessage[], confirmed: readonly RecordMetadata[]): void {
  const places = new Set(
    confirmed.map(({ topicName, partition }) => topicPartitionName({ topic: topicName, partition })),
  );
  const missing = messages.map(topicPartitionName).find((place) => !places.has(place));
  if (missing !== undefined) throw new Error(`the broker did not confirm ${missing}`);
}
