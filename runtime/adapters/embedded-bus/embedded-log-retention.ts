import type { Clock } from "../../ports/clock.ts";
import type { ByTopicPartition } from "../../ports/event-bus.ts";
import type { EmbeddedLog } from "./embedded-log.ts";

export interface EmbeddedLogRetentionOptions {
  readonly log: EmbeddedLog;
  readonly clock: Clock;
  readonly retentionMs: number;
  /** Runs work while nothing else changes the log. */
  readonly runExclusively: <Result>(work: () => Promise<Result>) => Promise<Result>;
}

/** Few enough that a publish does not wait noticeably for a sweep. */
const deletedPerSweepMax = 2_000;
const sweepIntervalMs = 60_000;
const catchUpIntervalMs = 500;

/** Deletes old records that the subscriber has read and stored a position after. */
export class EmbeddedLogRetention {
  readonly #options: EmbeddedLogRetentionOptions;
  readonly #storedPositions = new Map<string, Map<number, number>>();
  #subscribed: ReadonlySet<string> = new Set();
  #cancel: () => void = () => {};
  #stopped = false;

  constructor(options: EmbeddedLogRetentionOptions) {
    this.#options = options;
  }

  start(topics: readonly string[]): void {
    this.#subscribed = new Set(topics);
    this.#scheduleSweep(sweepIntervalMs);
  }

  /** @param positions stored in the database: records below them are not read again */
  advancePositions(positions: ByTopicPartition<number>): void {
    for (const [topic, partitions] of positions) {
      const known = this.#storedPositions.get(topic) ?? new Map<number, number>();
      for (const [partition, offset] of partitions) known.set(partition, offset);
      this.#storedPositions.set(topic, known);
    }
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel();
  }

  #scheduleSweep(delayMs: number): void {
    this.#cancel();
    if (this.#stopped) return;
    this.#cancel = this.#options.clock.after(delayMs, () => void this.#sweep());
  }

  async #sweep(): Promise<void> {
    const { log, clock, retentionMs, runExclusively } = this.#options;
    const beforeMs = clock.wallMs() - retentionMs;
    const keepFrom = (topic: string, partition: number): number =>
      this.#subscribed.has(topic) ? (this.#storedPositions.get(topic)?.get(partition) ?? 0) : Infinity;
    try {
      const deleted = await runExclusively(() => log.trim(keepFrom, beforeMs, deletedPerSweepMax));
      this.#scheduleSweep(deleted > 0 ? catchUpIntervalMs : sweepIntervalMs);
    } catch {
      // The store fails for its other users too, who report it. Old records can wait.
      this.#scheduleSweep(sweepIntervalMs);
    }
  }
}
