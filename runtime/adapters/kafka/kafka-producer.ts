import { Partitioners, type Message, type Producer, type RecordMetadata, type TopicMessages } from "kafkajs";
import type { OutgoingMessage, Published } from "../../ports/event-bus.ts";
import type { KafkaClient, KafkaSettings } from "./kafka-client.ts";
import { isTooLarge, KafkaConnection } from "./kafka-connection.ts";
import { withOnePassGrouping } from "./kafkajs-patches.ts";
import { messageTooLarge, PARTITION_BYTES_MAX, splitIntoCalls, topicPartitionName } from "../publish-sizes.ts";

/** A confirmed call. */
interface Confirmed {
  readonly messages: readonly OutgoingMessage[];
  readonly places: readonly RecordMetadata[];
}

/**
 * Sends one call at a time, and repeats it until it is confirmed as a whole.
 *
 * kafkajs' idempotent producer is not used: after a lost reply it can give a failed batch's sequence number to another
 * batch, which the broker then drops as a repeat, and its sequence numbers are wrong beyond 2^31. Readers drop repeats,
 * but a lost message is lost. For the same reason kafkajs' own retries are off: they ignore requests that are still
 * pending at another broker, and resolve without the messages that a former leader refused.
 */
export class KafkaProducer extends KafkaConnection<Producer> {
  #lastPublish: Promise<unknown> = Promise.resolve();

  constructor(settings: KafkaSettings) {
    super(settings, createProducer);
  }

  /** @throws Fault BUS_UNAVAILABLE, MESSAGE_TOO_LARGE */
  async publish(messages: readonly OutgoingMessage[], timeoutMs: number): Promise<Published> {
    const { clock } = this.settings;
    const deadlineAt = clock.monotonicMs() + timeoutMs;
    const sent = this.#lastPublish.then(() => this.#publish(messages, deadlineAt));
    this.#lastPublish = sent.catch(() => undefined);
    const calls = await sent;
    const brokerTimeMs = calls.map(({ places }) => brokerTimeOf(places)).findLast((time) => time !== undefined);
    return { brokerTimeMs, receivedAtMs: clock.monotonicMs(), offsets: () => calls.flatMap(offsetsOf) };
  }

  async #publish(messages: readonly OutgoingMessage[], deadlineAt: number): Promise<readonly Confirmed[]> {
    const calls: Confirmed[] = [];
    for (const [index, call] of splitIntoCalls(messages, PARTITION_BYTES_MAX).entries()) {
      if (index > 0) this.settings.onPartPublished?.();
      calls.push(...(await this.#sendUntilConfirmed(call, deadlineAt)));
    }
    return calls;
  }

  async #sendUntilConfirmed(messages: readonly OutgoingMessage[], deadlineAt: number): Promise<readonly Confirmed[]> {
    const { log } = this.settings;
    try {
      const places = await this.request(
        `publish to ${[...new Set(messages.map(({ topic }) => topic))].join(", ")}: not confirmed`,
        deadlineAt,
        (producer, timeoutMs) => send(producer, messages, timeoutMs),
        (error, attempt) => log("warn", "a publish was not confirmed, trying again", { attempt, error }),
      );
      return [{ messages, places }];
    } catch (error) {
      if (!isTooLarge(error)) throw error;
      return this.#sendInHalves(messages, deadlineAt, error);
    }
  }

  /** The broker refuses a partition's messages as one batch, so which one is too large shows only when it is alone. */
  async #sendInHalves(messages: readonly OutgoingMessage[], deadlineAt: number, cause: unknown): Promise<Confirmed[]> {
    const [only] = messages;
    if (messages.length === 1 && only !== undefined)
      throw messageTooLarge(only, "the topic's max.message.bytes is smaller", cause);
    const middle = Math.ceil(messages.length / 2);
    const first = await this.#sendUntilConfirmed(messages.slice(0, middle), deadlineAt);
    const second = await this.#sendUntilConfirmed(messages.slice(middle), deadlineAt);
    return [...first, ...second];
  }
}

function createProducer({ kafka }: KafkaClient): Producer {
  return kafka.producer({
    allowAutoTopicCreation: false,
    createPartitioner: Partitioners.DefaultPartitioner,
    idempotent: false,
    retry: { retries: 0 },
  });
}

async function send(
  producer: Producer,
  messages: readonly OutgoingMessage[],
  timeoutMs: number,
): Promise<readonly RecordMetadata[]> {
  // Returns at once when it is connected already.
  await producer.connect();
  const topicMessages = byTopic(messages);
  const confirmed = await producer.sendBatch({ acks: -1, timeout: timeoutMs, topicMessages });
  assertAllConfirmed(messages, confirmed);
  return confirmed;
}

/** Undefined when no topic of the call has LogAppendTime. */
function brokerTimeOf(places: readonly RecordMetadata[]): number | undefined {
  const brokerTimeMs = Math.max(-1, ...places.map(({ logAppendTime = "-1" }) => Number(logAppendTime)));
  return brokerTimeMs < 0 ? undefined : brokerTimeMs;
}

/** A partition's messages of a call lie one behind the other. */
function offsetsOf({ messages, places }: Confirmed): number[] {
  const next = new Map(
    places.map(({ topicName, partition, baseOffset = "-1" }) => [
      topicPartitionName({ topic: topicName, partition }),
      Number(baseOffset),
    ]),
  );
  return messages.map((message) => {
    const name = topicPartitionName(message);
    const offset = next.get(name) ?? -1;
    next.set(name, offset + 1);
    return offset;
  });
}

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
