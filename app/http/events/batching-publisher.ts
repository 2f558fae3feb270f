import type { EventBus, OutgoingMessage, RecordPlace } from "../../../runtime/ports/event-bus.ts";
import { Problem } from "../server/problem.ts";

/** The requests of a batch are answered together, and the runtime's own publishes wait for it. */
const BATCH_BYTES = 400 * 1024;
const PENDING_BYTES_MAX = 32 * 1024 * 1024;
const PUBLISH_MS = 10_000;

interface PendingMessage {
  readonly message: OutgoingMessage;
  readonly bytes: number;
  readonly resolve: (place: RecordPlace) => void;
  readonly reject: (error: unknown) => void;
}

/** Publishes the messages of many requests: those that arrive during a call are the batch of the next call. */
export class BatchingPublisher {
  readonly #bus: Pick<EventBus, "publish">;
  readonly #pending: PendingMessage[] = [];
  #pendingBytes = 0;
  #running = false;

  constructor(bus: Pick<EventBus, "publish">) {
    this.#bus = bus;
  }

  /**
   * Resolves when the bus has confirmed it, with its place in the log.
   * @throws Problem overloaded; Fault BUS_UNAVAILABLE
   */
  publish(message: OutgoingMessage): Promise<RecordPlace> {
    const bytes = (message.key?.length ?? 0) + (message.value?.length ?? 0) + 512;
    if (this.#pendingBytes + bytes > PENDING_BYTES_MAX)
      throw new Problem("overloaded", "too many events are waiting for the bus", { retryAfterSeconds: 1 });
    this.#pendingBytes += bytes;
    return new Promise((resolve, reject) => {
      this.#pending.push({ message, bytes, resolve, reject });
      if (!this.#running) void this.#drain();
    });
  }

  async #drain(): Promise<void> {
    this.#running = true;
    while (this.#pending.length > 0) {
      const batch = this.#takeBatch();
      try {
        const published = await this.#bus.publish(
          batch.map(({ message }) => message),
          { timeoutMs: PUBLISH_MS },
        );
        const offsets = published.offsets();
        batch.forEach(({ message: { topic, partition }, resolve }, index) =>
          resolve({ topic, partition, offset: offsets[index] ?? -1 }),
        );
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.#running = false;
  }

  #takeBatch(): PendingMessage[] {
    let bytes = 0;
    let count = 0;
    for (const waiting of this.#pending) {
      if (count > 0 && bytes + waiting.bytes > BATCH_BYTES) break;
      bytes += waiting.bytes;
      count++;
    }
    this.#pendingBytes -= bytes;
    return this.#pending.splice(0, count);
  }
}
