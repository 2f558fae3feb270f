import type { KafkaMessage } from "kafkajs";
import type { BusRecord } from "../../ports/event-bus.ts";

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
 * What to do with a fetch. deliver: its records are the expected ones. drop: the partition is not started, or paused.
 * seek: it began before the position was set, which has to be set again. out_of_range: kafkajs moved to another offset
 * by itself, as it does when the log does not contain the requested one; the stored position has to be read again.
 */
export type DeliveryDecision =
  { readonly kind: "deliver" | "drop" | "out_of_range" } | { readonly kind: "seek"; readonly offset: number };

/**
 * Decides what may be delivered: records of started partitions, each from exactly its position on. A fetch that was
 * pending during a seek, a pause or a change of the group returns records that are no longer wanted, and kafkajs
 * filters not all of them.
 */
export class KafkaDelivery {
  readonly #started = new Map<number, { isPaused: boolean; readonly positions: ReadonlyMap<string, Position> }>();

  start(partition: number, positions: ReadonlyMap<string, number>): void {
    const begun = [...positions].map(([topic, offset]): [string, Position] => [
      topic,
      { next: offset, delivered: offset, wasSoughtAgain: false },
    ]);
    this.#started.set(partition, { isPaused: false, positions: new Map(begun) });
  }

  clear(): void {
    this.#started.clear();
  }

  /** @returns the partitions among them that were started */
  pause(partitions: readonly number[], isPaused = true): readonly number[] {
    return partitions.filter((partition) => {
      const started = this.#started.get(partition);
      if (started !== undefined) started.isPaused = isPaused;
      return started !== undefined;
    });
  }

  resume(partitions: readonly number[]): readonly number[] {
    return this.pause(partitions, false);
  }

  #positionOf(topic: string, partition: number): Position | undefined {
    return this.#started.get(partition)?.positions.get(topic);
  }

  decide({ topic, partition, offset }: FetchedRange): DeliveryDecision {
    const position = this.#positionOf(topic, partition);
    if (position === undefined || this.#started.get(partition)?.isPaused === true) return { kind: "drop" };
    if (position.next === offset) return { kind: "deliver" };
    if (position.wasSoughtAgain) return { kind: "out_of_range" };
    position.wasSoughtAgain = true;
    return { kind: "seek", offset: position.next };
  }

  /**
   * @param lastRecord offset of the last record delivered
   * @param next offset that is fetched next, greater than `lastRecord`
   */
  advance({ topic, partition }: FetchedRange, lastRecord: number, next: number): void {
    const position = this.#positionOf(topic, partition);
    if (position !== undefined) Object.assign(position, { next, delivered: lastRecord + 1, wasSoughtAgain: false });
  }

  /**
   * A fetch returned no readable record, only such as the marker of a transaction, and kafkajs advanced past it.
   * @param first first offset of the fetch; null when compaction left nothing, then `last` is the offset asked for
   */
  skip(topic: string, partition: number, first: number | null, last: number): void {
    const position = this.#positionOf(topic, partition);
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
    const position = this.#positionOf(topic, partition);
    if (position === undefined || high > position.next) return high;
    return Math.min(high, position.delivered);
  }
}

export const toBusRecord = (
  topic: string,
  partition: number,
  { offset, key, value, headers, timestamp }: KafkaMessage,
  receivedAtMs: number,
): BusRecord => ({
  topic,
  partition,
  key,
  value,
  receivedAtMs,
  offset: Number(offset),
  // Our own decoding returns nothing else; a message of the format before headers has none.
  headers: (headers ?? {}) as Readonly<Record<string, Buffer>>,
  brokerTimeMs: Number(timestamp),
});
