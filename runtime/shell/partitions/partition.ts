import { LRUCache } from "lru-cache";
import type { Entity } from "../../core/entity.ts";
import { bytesOf } from "../turns/entity-row.ts";

/** A partition that this process owns, or has owned, under one epoch. Once it is lost nothing of it may be written. */
export class Partition {
  readonly number: number;
  readonly epoch: number;
  /** Next journal sequence number. */
  nextSeq: number;
  /** Journal sequence number up to which everything is published. */
  publishedSeq: number;
  /** Topic -> offset of the next record to take; changes when a turn is committed. */
  readonly positions: Map<string, number>;
  /** Its `calculatedSize` is what their data has as JSON, in bytes. */
  readonly entities: LRUCache<string, Entity>;
  /** Monotonic ms since when it is served without interruption; the grace of deadlines begins there. */
  resumedAtMs = Number.NEGATIVE_INFINITY;
  isLost = false;
  isPaused = false;
  waitingMessages = 0;
  waitingBytes = 0;

  constructor(
    start: Pick<Partition, "number" | "epoch" | "nextSeq" | "publishedSeq" | "positions"> & {
      readonly entitiesMax: number;
    },
  ) {
    this.number = start.number;
    this.epoch = start.epoch;
    this.nextSeq = start.nextSeq;
    this.publishedSeq = start.publishedSeq;
    this.positions = start.positions;
    this.entities = new LRUCache({
      max: start.entitiesMax,
      maxSize: Number.MAX_SAFE_INTEGER,
      sizeCalculation: bytesOf,
    });
  }
}
