import type { Clock } from "../../ports/clock.ts";
import type { ByTopicPartition } from "../../ports/event-bus.ts";

export interface OffsetHint {
  readonly topic: string;
  readonly partition: number;
  readonly offset: string;
}

/**
 * Collects positions and commits the latest of them to the group at an interval, one commit at a time. A commit that
 * fails is not repeated: the next interval commits newer positions.
 */
export class CommitHints {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #commit: (hints: readonly OffsetHint[]) => Promise<void>;
  readonly #waiting = new Map<string, OffsetHint>();
  #cancelTimer: (() => void) | undefined;

  constructor(clock: Clock, intervalMs: number, commit: (hints: readonly OffsetHint[]) => Promise<void>) {
    this.#clock = clock;
    this.#intervalMs = intervalMs;
    this.#commit = commit;
  }

  add(positions: ByTopicPartition<number>): void {
    for (const [topic, partitions] of positions) {
      for (const [partition, offset] of partitions) {
        this.#waiting.set(`${topic}/${partition}`, { topic, partition, offset: String(offset) });
      }
    }
    this.#cancelTimer ??= this.#clock.after(this.#intervalMs, () => void this.flush());
  }

  async flush(): Promise<void> {
    this.#cancelTimer?.();
    const hints = [...this.#waiting.values()];
    this.#waiting.clear();
    if (hints.length > 0) await this.#commit(hints).catch(() => undefined);
    this.#cancelTimer = undefined;
  }

  /** Drops what waits: after a revocation only the new owner of a partition may commit its position. */
  clear(): void {
    this.#waiting.clear();
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }
}
