import type { Partition } from "./partition.ts";

interface Waiting {
  /** Records taken before it began. */
  readonly taken: number;
  /** Monotonic ms. */
  readonly sinceMs: number;
}

/**
 * Which partitions have records to take and take none. It looks at the positions whenever the ends of the log are read,
 * so that turns need not record times.
 */
export class Standstill {
  #waiting: ReadonlyMap<Partition, Waiting> = new Map();

  /** @param lagOf how many records of the partition are in the log and not taken yet */
  update(owned: Iterable<Partition>, lagOf: (partition: Partition) => number, nowMs: number): void {
    const waiting = new Map<Partition, Waiting>();
    for (const partition of owned) {
      if (lagOf(partition) === 0) continue;
      const taken = [...partition.positions.values()].reduce((sum, position) => sum + position, 0);
      const before = this.#waiting.get(partition);
      waiting.set(partition, before?.taken === taken ? before : { taken, sinceMs: nowMs });
    }
    this.#waiting = waiting;
  }

  /** For how long each of them, by number, has taken nothing although records were there, in ms. */
  durations(owned: Iterable<Partition>, nowMs: number): ReadonlyMap<number, number> {
    const durations = new Map<number, number>();
    for (const partition of owned) {
      const { sinceMs } = this.#waiting.get(partition) ?? {};
      if (sinceMs !== undefined) durations.set(partition.number, nowMs - sinceMs);
    }
    return durations;
  }

  /** The same without the time in which full queues held it back: it takes more as soon as turns have emptied them. */
  unexplained(owned: Iterable<Partition>, nowMs: number): ReadonlyMap<number, number> {
    const partitions = [...owned];
    const durations = new Map(this.durations(partitions, nowMs));
    for (const { number, heldBackAtMs } of partitions) {
      const forMs = durations.get(number);
      if (forMs !== undefined) durations.set(number, Math.min(forMs, nowMs - heldBackAtMs));
    }
    return durations;
  }
}
