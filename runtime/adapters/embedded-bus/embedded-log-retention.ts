import type { Clock } from "../../ports/clock.ts";
import type { ByTopicPartition } from "../../ports/event-bus.ts";

/** Deletes records below these offsets that are old enough. @returns how many */
type Trim = (keepFrom: (topic: string, partition: number) => number) => Promise<number>;

const sweepIntervalMs = 60_000;
const catchUpIntervalMs = 500;

/** Deletes old records that the subscriber has read and stored a position after. */
export class EmbeddedLogRetention {
  readonly #clock: Clock;
  readonly #trim: Trim;
  readonly #storedPositions = new Map<string, number>();
  #subscribed: readonly string[] = [];
  #cancel: () => void = () => {};
  #stopped = false;

  constructor(clock: Clock, trim: Trim) {
    this.#clock = clock;
    this.#trim = trim;
  }

  start(topics: readonly string[]): void {
    this.#subscribed = topics;
    this.#scheduleSweep(sweepIntervalMs);
  }

  /** @param positions stored in the database: records below them are not read again */
  advancePositions(positions: ByTopicPartition<number>): void {
    for (const [topic, partitions] of positions)
      for (const [partition, offset] of partitions) this.#storedPositions.set(`${partition} ${topic}`, offset);
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel();
  }

  #scheduleSweep(delayMs: number): void {
    this.#cancel();
    if (!this.#stopped) this.#cancel = this.#clock.after(delayMs, () => void this.#sweep());
  }

  async #sweep(): Promise<void> {
    const deleted = await this.#trim((topic, partition) =>
      this.#subscribed.includes(topic) ? (this.#storedPositions.get(`${partition} ${topic}`) ?? 0) : Infinity,
    ).catch(() => 0); // The store fails for its other users too, who report it. Old records can wait.
    this.#scheduleSweep(deleted > 0 ? catchUpIntervalMs : sweepIntervalMs);
  }
}
