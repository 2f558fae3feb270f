import { type Kafka, Partitioners, type Producer } from "kafkajs";
import { Fault } from "../runtime/core/fault.ts";
import { backOffMs, pause } from "./back-off.ts";
import type { TransportLog } from "./transport.ts";

export interface OutgoingRecord {
  readonly topic: string;
  readonly key: string;
  readonly value: string;
  readonly headers: Readonly<Record<string, string>>;
}

interface QueuedRecord extends OutgoingRecord {
  readonly deadlineMs: number;
  readonly resolve: () => void;
  readonly reject: (error: Fault) => void;
}

const WAITING_MAX = 50_000;
const CALL_MESSAGES_MAX = 2_000;
/** Limit of a call. It bounds each partition's batch too, whose size the broker limits. */
const CALL_BYTES_MAX = 512 * 1024;
const DELIVERY_MS = 30_000;

/**
 * Sends one call at a time; messages that arrive meanwhile go with the next. A call has succeeded only when all of its
 * partitions were confirmed. A failed one is repeated by a new producer: kafkajs loses track of pending requests.
 */
export class KafkaSender {
  readonly #kafka: Kafka;
  readonly #log: TransportLog;
  #producer: Producer | undefined;
  #queue: QueuedRecord[] = [];
  #running: Promise<void> | undefined;
  #closed = false;
  /** The partitions to which the partitioner sent records of the pending call. */
  readonly #sentPartitions = new Set<string>();

  constructor(kafka: Kafka, log: TransportLog) {
    this.#kafka = kafka;
    this.#log = log;
  }

  send(outgoing: OutgoingRecord): Promise<void> {
    if (this.#closed)
      return Promise.reject(new Fault("TRANSPORT_CLOSED", "the transport is closed", { retryable: false }));
    if (this.#queue.length >= WAITING_MAX)
      return Promise.reject(new Fault("TRANSPORT_BUSY", `${WAITING_MAX} messages wait already`, { retryable: true }));
    return new Promise((resolve, reject) => {
      this.#queue.push({ ...outgoing, deadlineMs: Date.now() + DELIVERY_MS, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /** Waits some time for messages that are not sent yet. */
  async close(): Promise<void> {
    const end = new AbortController();
    await Promise.race([this.#running, pause(4_000, end.signal)]);
    end.abort();
    this.#closed = true;
    await this.#producer?.disconnect().catch(() => undefined);
  }

  async #run(): Promise<void> {
    // Messages of the same tick go in one call.
    await new Promise(setImmediate);
    for (let failures = 0; this.#queue.length > 0;) {
      const batch = this.#takeBatch();
      try {
        await this.#sendBatch(batch);
        failures = 0;
        for (const { resolve } of batch) resolve();
      } catch (error) {
        this.#log("warn", "a call to Kafka was not confirmed, trying again", error);
        void this.#producer?.disconnect().catch(() => undefined);
        this.#producer = undefined;
        this.#queue = [...this.#rejectExpired(batch, error), ...this.#queue];
        await pause(backOffMs(++failures, 100, 5_000));
      }
    }
    this.#running = undefined;
  }

  #takeBatch(): QueuedRecord[] {
    let bytes = 0;
    let count = 0;
    for (const { key, value } of this.#queue) {
      bytes += key.length + Buffer.byteLength(value) + 256;
      if (count === CALL_MESSAGES_MAX || (count > 0 && bytes > CALL_BYTES_MAX)) break;
      count += 1;
    }
    return this.#queue.splice(0, count);
  }

  #rejectExpired(batch: readonly QueuedRecord[], cause: unknown): QueuedRecord[] {
    const now = Date.now();
    return batch.filter(({ deadlineMs, reject, topic }) => {
      if (!this.#closed && deadlineMs > now) return true;
      const text = `${topic}: not confirmed within ${DELIVERY_MS / 1_000} s: ${String(cause)}`;
      reject(new Fault("TRANSPORT_UNAVAILABLE", text, { retryable: true, cause }));
      return false;
    });
  }

  async #sendBatch(batch: readonly QueuedRecord[]): Promise<void> {
    const producer = (this.#producer ??= this.#create());
    await producer.connect();
    this.#sentPartitions.clear();
    const topics = byTopic(batch);
    const topicMessages = [...topics].map(([topic, messages]) => ({
      topic,
      messages: messages.map(({ key, value, headers }) => ({ key, value, headers: { ...headers } })),
    }));
    const confirmed = await producer.sendBatch({ acks: -1, timeout: 10_000, topicMessages });
    const confirmedPlaces = new Set(confirmed.map(({ topicName, partition }) => `${topicName}[${partition}]`));
    for (const place of this.#sentPartitions)
      if (!confirmedPlaces.has(place)) throw new Error(`the broker did not confirm ${place}`);
  }

  #create(): Producer {
    return this.#kafka.producer({
      allowAutoTopicCreation: false,
      idempotent: false,
      retry: { retries: 0 },
      createPartitioner: () => {
        const byMurmur2 = Partitioners.DefaultPartitioner();
        return (args) => {
          const partition = byMurmur2(args);
          this.#sentPartitions.add(`${args.topic}[${partition}]`);
          return partition;
        };
      },
    });
  }
}

function byTopic(batch: readonly QueuedRecord[]): ReadonlyMap<string, readonly QueuedRecord[]> {
  const topics = new Map<string, QueuedRecord[]>();
  for (const waiting of batch) {
    const ofTopic = topics.get(waiting.topic);
    if (ofTopic) ofTopic.push(waiting);
    else topics.set(waiting.topic, [waiting]);
  }
  return topics;
}
