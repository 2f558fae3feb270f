import type { EventBus, OutgoingMessage } from "../../../runtime/ports/event-bus.ts";
import { Problem } from "../server/problem.ts";

/** The requests of a batch are answered together. */
const BATCH_MESSAGES = 1_000;
const PENDING_BYTES_MAX = 32 * 1024 * 1024;
const PUBLISH_MS = 10_000;

interface PendingMessage {
  readonly message: OutgoingMessage;
  readonly bytes: number;
  readonly resolve: () => void;
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
   * Resolves when the bus has confirmed it.
   * @throws Problem overloaded; Fault BUS_UNAVAILABLE
   */
  publish(message: OutgoingMessage): Promise<void> {
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
      const batch = this.#pending.splice(0, BATCH_MESSAGES);
      for (const { bytes } of batch) this.#pendingBytes -= bytes;
      try {
        await this.#bus.publish(
          batch.map(({ message }) => message),
          { timeoutMs: PUBLISH_MS },
        );
        for (const { resolve } of batch) resolve();
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.#running = false;
  }
}
