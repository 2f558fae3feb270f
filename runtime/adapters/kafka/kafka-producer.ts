import { setTimeout as sleep } from "node:timers/promises";
import { Partitioners, type Message, type Producer, type RecordMetadata, type TopicMessages } from "kafkajs";
import type { OutgoingMessage } from "../../ports/event-bus.ts";
import { KafkaClient } from "./kafka-client.ts";
import { PendingWork, errorTypesOf, describeError, busUnavailable, withTimeout } from "./kafka-faults.ts";
import type { KafkaSettings } from "./kafka-options.ts";
import { withOnePassGrouping } from "./kafkajs-patches.ts";
import { messageTooLarge, PARTITION_BYTES_MAX, splitIntoCalls, topicPartitionName } from "../publish-sizes.ts";

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
 * Sends one call at a time, and repeats it until it is confirmed as a whole.
 *
 * kafkajs' idempotent producer is not used: after a lost reply it can give a failed batch's sequence number to another
 * batch, which the broker then drops as a repeat, and its sequence numbers are wrong beyond 2^31. Readers drop repeats,
 * but a lost message is lost. For the same reason kafkajs' own retries are off: they ignore requests that are still
 * pending at another broker, and resolve without the messages that a former leader refused.
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
    for (const call of splitIntoCalls(messages, PARTITION_BYTES_MAX)) {
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
    /** The broker's last error: it says more than a timeout. */
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

  /** The broker refuses a partition's messages as one batch, so which one is too large shows only when it is alone. */
  async #sendInHalves(
    messages: readonly OutgoingMessage[],
    deadlineAt: number,
    cause: unknown,
  ): Promise<PublishConfirmation> {
    const [only] = messages;
    if (messages.length === 1 && only !== undefined)
      throw messageTooLarge(only, "the topic's max.message.bytes is smaller", cause);
    const middle = Math.ceil(messages.length / 2);
    const first = await this.#sendUntilConfirmed(messages.slice(0, middle), deadlineAt);
    const second = await this.#sendUntilConfirmed(messages.slice(middle), deadlineAt);
    return { brokerTimeMs: second.brokerTimeMs ?? first.brokerTimeMs };
  }

  async #send(messages: readonly OutgoingMessage[], timeoutMs: number): Promise<PublishConfirmation> {
    const connection = (this.#connection ??= this.#open());
    // Returns at once when it is connected already.
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

  /** Requests still pending on the connection must not be waited for, nor land between later calls. */
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

/** kafkajs resolves without having sent messages for partitions that its metadata doesn't know. */
function assertAllConfirmed(messages: readonly OutgoingMessage[], confirmed: readonly RecordMetadata[]): void {
  const places = new Set(
    confirmed.map(({ topicName, partition }) => topicPartitionName({ topic: topicName, partition })),
  );
  const missing = messages.map(topicPartitionName).find((place) => !places.has(place));
  if (missing !== undefined) throw new Error(`the broker did not confirm ${missing}`);
}
