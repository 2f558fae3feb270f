import { LRUCache } from "lru-cache";
import type { Intent } from "../../core/intent.ts";
import type { EntityRecord } from "../../stored/entities.ts";
import type { OpenIntent } from "../../stored/intents.ts";
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
  readonly entities: LRUCache<string, EntityRecord>;
  /** Open intents as of the last committed turn, by id: those that only the journal has, in their lines' order. */
  readonly journaledIntents = new Map<string, OpenIntent>();
  /** And those that have a row of their own. */
  readonly parkedIntents = new Map<string, OpenIntent>();
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

  /** The intent has a row of its own from now on. */
  park({ intent, seq, askedAtMs }: OpenIntent): void {
    this.journaledIntents.delete(intent.id);
    this.parkedIntents.set(intent.id, { intent, seq, askedAtMs });
  }

  closeIntent({ id }: Intent): void {
    this.journaledIntents.delete(id);
    this.parkedIntents.delete(id);
  }

  /** No intent before this line is open, but for parked ones. */
  get pendingSeq(): number {
    for (const { seq } of this.journaledIntents.values()) return seq;
    return this.nextSeq;
  }
}
