import type { Clock } from "../../ports/clock.ts";
import type { ByTopicPartition } from "../../ports/event-bus.ts";
import type { TableLog } from "./embedded-log.ts";

export interface TableRetentionOptions {
  readonly log: TableLog;
  readonly clock: Clock;
  readonly retentionMs: number;
  /** Runs work while nothing else changes the log. */
  readonly inOrder: <Result>(work: () => Promise<Result>) => Promise<Result>;
}

/** So many at once that nobody has to wait noticeably behind it. */
const deletedAtOnce = 2_000;
const everyMs = 60_000;
const soonMs = 500;

/** Deletes old records that the subscriber has behind it. */
export class TableRetention {
  readonly #options: TableRetentionOptions;
  readonly #neededFrom = new Map<string, Map<number, number>>();
  #subscribed: ReadonlySet<string> = new Set();
  #cancel: () => void = () => {};
  #stopped = false;

  constructor(options: TableRetentionOptions) {
    this.#options = options;
  }

  start(topics: readonly string[]): void {
    this.#subscribed = new Set(topics);
    this.#next(everyMs);
  }

  /** Positions that are stored: what is below them is not read again. */
  needFrom(positions: ByTopicPartition<number>): void {
    for (const [topic, partitions] of positions) {
      const known = this.#neededFrom.get(topic) ?? new Map<number, number>();
      for (const [partition, offset] of partitions) known.set(partition, offset);
      this.#neededFrom.set(topic, known);
    }
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel();
  }

  #next(delayMs: number): void {
    this.#cancel();
    if (this.#stopped) return;
    this.#cancel = this.#options.clock.after(delayMs, () => void this.#sweep());
  }

  async #sweep(): Promise<void> {
    const { log, clock, retentionMs, inOrder } = this.#options;
    const beforeMs = clock.wallMs() - retentionMs;
    const neededFrom = (topic: string, partition: number): number =>
      this.#subscribed.has(topic) ? (this.#neededFrom.get(topic)?.get(partition) ?? 0) : Infinity;
    try {
      const deleted = await inOrder(() => log.trim(neededFrom, beforeMs, deletedAtOnce));
      this.#next(deleted > 0 ? soonMs : everyMs);
    } catch {
      // The store is in trouble, which others say loudly; old records can wait.
      this.#next(everyMs);
    }
  }
}
