import { LRUCache } from "lru-cache";
import type { Entity } from "../../core/entity.ts";

/** A partition number that this process owns under one epoch. Lost means: nothing of it may be written any more. */
export class Partition {
  readonly number: number;
  readonly epoch: number;
  /** Next journal sequence number. */
  nextSeq: number;
  /** Journal sequence up to which everything was published. */
  publishedSeq: number;
  /** Topic -> offset of the next record to be taken in. Moves with commits. */
  readonly positions: Map<string, number>;
  readonly entities: LRUCache<string, Entity>;
  /** Monotonic ms since which service is uninterrupted: deadlines have their grace from then. */
  resumedAtMs = Number.NEGATIVE_INFINITY;
  isLost = false;
  isPaused = false;
  waitingMessages = 0;
  waitingBytes = 0;

  constructor(start: {
    readonly number: number;
    readonly epoch: number;
    readonly nextSeq: number;
    readonly publishedSeq: number;
    readonly positions: Map<string, number>;
    readonly entitiesMax: number;
  }) {
    this.number = start.number;
    this.epoch = start.epoch;
    this.nextSeq = start.nextSeq;
    this.publishedSeq = start.publishedSeq;
    this.positions = start.positions;
    this.entities = new LRUCache({ max: start.entitiesMax });
  }
}
