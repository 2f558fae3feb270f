interface Position {
  /** The offset that the next fetch asks for. */
  next: number;
  /** Offset after the last record delivered, or where delivery began. There are no readable records up to `next`. */
  delivered: number;
  /** The position was set again because an offset other than `next` was fetched. */
  wasSoughtAgain: boolean;
}

export interface FetchedRange {
  readonly topic: string;
  readonly partition: number;
  /** The offset that the fetch asked for. */
  readonly offset: number;
}

/**
 * deliver: the records asked for. drop: the partition is not started, or paused. seek: fetched for an earlier position,
 * set the position again. lost: kafkajs moved to another offset by itself, as it does when the one asked for is not in
 * the log; the owner has to read its stored position again.
 */
export type DeliveryDecision =
  { readonly kind: "deliver" | "drop" | "lost" } | { readonly kind: "seek"; readonly offset: number };

/**
 * Decides what may be delivered: records of started partitions, each from exactly its position on. A fetch that was
 * pending during a seek, a pause or a change of the group returns records that are no longer wanted, and kafkajs
 * filters not all of them.
 */
export class KafkaDelivery {
  readonly #positions = new Map<string, Position>();
  readonly #started = new Set<number>();
  readonly #paused = new Set<number>();

  start(partition: number, positions: ReadonlyMap<string, number>): void {
    for (const [topic, offset] of positions) {
      this.#positions.set(keyOf(topic, partition), { next: offset, delivered: offset, wasSoughtAgain: false });
    }
    this.#started.add(partition);
    this.#paused.delete(partition);
  }

  clear(): void {
    this.#positions.clear();
    this.#started.clear();
    this.#paused.clear();
  }

  /** @returns the partitions among them that were started */
  pause(partitions: readonly number[]): readonly number[] {
    const started = partitions.filter((partition) => this.#started.has(partition));
    for (const partition of started) this.#paused.add(partition);
    return started;
  }

  resume(partitions: readonly number[]): readonly number[] {
    const started = partitions.filter((partition) => this.#started.has(partition));
    for (const partition of started) this.#paused.delete(partition);
    return started;
  }

  decide({ topic, partition, offset }: FetchedRange): DeliveryDecision {
    const position = this.#positions.get(keyOf(topic, partition));
    if (position === undefined || this.#paused.has(partition)) return { kind: "drop" };
    if (position.next === offset) return { kind: "deliver" };
    if (position.wasSoughtAgain) return { kind: "lost" };
    position.wasSoughtAgain = true;
    return { kind: "seek", offset: position.next };
  }

  /**
   * @param lastRecord offset of the last record delivered
   * @param next offset that is fetched next, greater than `lastRecord`
   */
  advance({ topic, partition }: FetchedRange, lastRecord: number, next: number): void {
    this.#positions.set(keyOf(topic, partition), { next, delivered: lastRecord + 1, wasSoughtAgain: false });
  }

  /**
   * A fetch returned no readable record, only such as the marker of a transaction, and kafkajs advanced past it.
   * @param first first offset of the fetch; null when compaction left nothing, then `last` is the offset asked for
   */
  skip(topic: string, partition: number, first: number | null, last: number): void {
    const position = this.#positions.get(keyOf(topic, partition));
    if (position === undefined) return;
    // Directly after the known position; or, in a log with gaps, what came after the position had been set again.
    if ((first ?? last) === position.next || (position.wasSoughtAgain && last >= position.next))
      position.next = last + 1;
  }

  /**
   * The end of the log for a reader: after the last record there may be markers that a stored position never passes,
   * and waiting for a position to reach the broker's end would never finish.
   */
  visibleEnd(topic: string, partition: number, high: number): number {
    const position = this.#positions.get(keyOf(topic, partition));
    if (position === undefined || high > position.next) return high;
    return Math.min(high, position.delivered);
  }
}

const keyOf = (topic: string, partition: number): string => `${topic}/${partition}`;
