import type { TopicPartitionOffset } from "kafkajs";
import type { Clock } from "../../ports/clock.ts";
import type { ByTopicPartition } from "../../ports/event-bus.ts";

const intervalMs = 5_000;

/**
 * Collects positions and commits the latest of them to the group at an interval, one commit at a time. A commit that
 * fails is not repeated: the next interval commits newer positions.
 */
export class CommitHints {
  readonly #clock: Clock;
  readonly #commit: (hints: TopicPartitionOffset[]) => Promise<void>;
  readonly #waiting = new Map<string, TopicPartitionOffset>();
  #cancelTimer: (() => void) | undefined;

  constructor(clock: Clock, commit: (hints: TopicPartitionOffset[]) => Promise<void>) {
    this.#clock = clock;
    this.#commit = commit;
  }

  add(positions: ByTopicPartition<number>): void {
    for (const [topic, partitions] of positions) {
      for (const [partition, offset] of partitions) {
        this.#waiting.set(`${topic}/${partition}`, { topic, partition, offset: String(offset) });
      }
    }
    this.#cancelTimer ??= this.#clock.after(intervalMs, () => void this.flush());
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
  }
}
