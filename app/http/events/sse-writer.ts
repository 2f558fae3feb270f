import type { ServerResponse } from "node:http";
import type { Clock } from "../../../runtime/ports/clock.ts";

/** Bounds of unsent bytes, for one reader and for all together, and of the time a full connection may stay unread. */
const BUFFER_BYTES_MAX = 1024 * 1024;
const ALL_BUFFERS_BYTES_MAX = 200 * 1024 * 1024;
const UNREAD_MAX_MS = 30_000;
const HEARTBEAT_MS = 15_000;
/** A browser comes back after it: after one each, so that all readers of a process don't come back at one moment. */
const RETRY_MS = { least: 500, most: 1_500 } as const;

/** A reader's share of the unsent bytes, when so many streams may be open. */
export const bufferShare = (streamsMax: number): number =>
  Math.min(BUFFER_BYTES_MAX, Math.floor(ALL_BUFFERS_BYTES_MAX / streamsMax));

interface SseOptions {
  readonly clock: Clock;
  readonly bufferBytesMax?: number;
  /** What a reader goes on from that has everything that was written so far. */
  readonly id: () => string;
  /** Ends a stream whose reader does not read. */
  readonly onUnread?: () => void;
}

/** Writes server-sent events to one reader, with a bound on what waits for it. */
export class SseWriter {
  readonly #response: ServerResponse;
  readonly #options: SseOptions;
  #lastReadAtMs: number;
  #cancelHeartbeat = (): void => {};

  constructor(response: ServerResponse, options: SseOptions) {
    this.#response = response;
    this.#options = options;
    this.#lastReadAtMs = options.clock.monotonicMs();
    response.on("close", () => this.#cancelHeartbeat());
    response.on("drain", () => (this.#lastReadAtMs = options.clock.monotonicMs()));
    const retryMs = Math.round(RETRY_MS.least + Math.random() * (RETRY_MS.most - RETRY_MS.least));
    this.write(`retry: ${retryMs}\nid: ${options.id()}\n: start\n\n`);
    this.#scheduleHeartbeat();
  }

  /**
   * Disconnects a reader that does not read: it can continue from its last id. The bound is exceeded by at most one
   * page of events.
   */
  write(text: string | Buffer): void {
    if (this.#response.writableEnded) return;
    const { writableNeedDrain, writableLength } = this.#response;
    const { clock, bufferBytesMax = BUFFER_BYTES_MAX, onUnread } = this.#options;
    if (!writableNeedDrain) this.#lastReadAtMs = clock.monotonicMs();
    const isUnread = clock.monotonicMs() - this.#lastReadAtMs > UNREAD_MAX_MS;
    if (!isUnread && writableLength <= bufferBytesMax) this.#response.write(text);
    else if (onUnread) onUnread();
    else this.#response.destroy();
  }

  /** Carries the id: a reader whose filter matches few events would otherwise continue from an old one. */
  #scheduleHeartbeat(): void {
    this.#cancelHeartbeat = this.#options.clock.after(HEARTBEAT_MS, () => {
      this.write(`id: ${this.#options.id()}\n: heartbeat\n\n`);
      if (!this.#response.destroyed) this.#scheduleHeartbeat();
    });
  }

  async drained(): Promise<void> {
    if (!this.#response.writableNeedDrain || this.#response.destroyed) return;
    await new Promise<void>((resolve) => {
      const go = (): void => {
        for (const event of ["drain", "close"]) this.#response.off(event, go);
        resolve();
      };
      for (const event of ["drain", "close"]) this.#response.on(event, go);
    });
  }
}
