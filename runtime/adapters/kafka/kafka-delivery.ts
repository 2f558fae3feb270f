interface Position {
  /** What the next fetch asks for. */
  next: number;
  /** Behind the last record delivered, or where delivery began. Up to `next` there is nothing that a reader gets. */
  delivered: number;
  /** The position was set once more because something else than `next` was fetched. */
  wasSoughtAgain: boolean;
}

export interface FetchedRange {
  readonly topic: string;
  readonly partition: number;
  /** What the fetch asked for. */
  readonly offset: number;
}

/**
 * deliver: what was asked for. drop: nobody waits for it (any more). seek: fetched for an earlier position, set the
 * position again. lost: kafkajs went to another offset by itself (it does so when the one asked for is not in the log),
 * and the owner has to look where it stands.
 */
export type DeliveryDecision =
  { readonly kind: "deliver" | "drop" | "lost" } | { readonly kind: "seek"; readonly offset: number };

/**
 * What may be delivered: started partitions, each from exactly the offset where it stands. A fetch that was under way
 * during a seek, a pause or a change of the group comes back with records that are no longer wanted, and kafkajs
 * filters only most of them.
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

  /** @returns those of the partitions that were started, and so have something to pause or resume */
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
   * @param lastRecord the offset of the last record delivered; @param next what will be fetched next, at least behind
   * it
   */
  advance({ topic, partition }: FetchedRange, lastRecord: number, next: number): void {
    this.#positions.set(keyOf(topic, partition), { next, delivered: lastRecord + 1, wasSoughtAgain: false });
  }

  /**
   * A fetch brought only what no reader gets, such as the marker of a transaction, and kafkajs went past it.
   * @param first its first offset; null when compaction left nothing, then `last` is what was asked for
   */
  skip(topic: string, partition: number, first: number | null, last: number): void {
    const position = this.#positions.get(keyOf(topic, partition));
    if (position === undefined) return;
    // Straight behind what we know; or, in a log with gaps, what came after the position had been set once more.
    if ((first ?? last) === position.next || (position.wasSoughtAgain && last >= position.next))
      position.next = last + 1;
  }

  /**
   * Where the log ends for a reader. Behind the last record there may be markers that a stored position never passes,
   * so whoever waits for a position to reach the end would wait for ever.
   */
  visibleEnd(topic: string, partition: number, high: number): number {
    const position = this.#positions.get(keyOf(topic, partition));
    if (position === undefined || high > position.next) return high;
    return Math.min(high, position.delivered);
  }
}

const keyOf = (topic: string, partition: number): string => `${topic}/${partition}`;
