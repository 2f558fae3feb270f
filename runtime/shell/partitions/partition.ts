import { LRUCache } from "lru-cache";
import { isPurged } from "../../core/entity.ts";
import type { Intent } from "../../core/intent.ts";
import type { EntityRecord } from "../../stored/entities.ts";
import type { OpenIntent } from "../../stored/intents.ts";
import { bytesOf } from "../turns/entity-row.ts";

/** That the bus has everything up to a line, and the events that are confirmed with it; they may be earlier ones. */
interface Confirmation {
  readonly throughSeq: number;
  readonly messages: readonly { readonly seq: number }[];
}

/** A partition that this process owns, or has owned, under one epoch. Once it is lost nothing of it may be written. */
export class Partition {
  readonly number: number;
  readonly epoch: number;
  /** Next journal sequence number. */
  nextSeq: number;
  /** Journal sequence number up to which everything is published. */
  publishedSeq: number;
  /** The last line that has to be published. */
  outgoingSeq = 0;
  /** Whether purged entities may have left tombstones: then ids that are not known are looked for among them. */
  hasTombstones = false;
  /** For which retention `purge_at` of its entities was written, as the store has it. */
  retention: string | null = null;
  /** Topic -> offset of the next record to take; changes when a turn is committed. */
  readonly positions: Map<string, number>;
  /** Its `calculatedSize` is what their data has as JSON, in bytes. */
  readonly entities: LRUCache<string, EntityRecord>;
  /** Open intents as of the last committed turn, by id: those that only the journal has, in their lines' order. */
  readonly journaledIntents = new Map<string, OpenIntent>();
  /** And those that have a row of their own. */
  readonly parkedIntents = new Map<string, OpenIntent>();
  /** Of each log and entity the span of event time of its latest row; empty where the domain has no logs. */
  readonly loggedSlots = new Map<string, number>();
  readonly #loggedMax: number;
  /** Ids of entities whose purge waits for a turn. */
  readonly purging = new Set<string>();
  /** Monotonic ms since when it is served without interruption; the grace of deadlines begins there. */
  resumedAtMs = Number.NEGATIVE_INFINITY;
  /** The lines of published events of which the confirmation waits: they hold back how far it is published. */
  readonly heldEvents = new Set<number>();
  #confirmedSeq = 0;
  isLost = false;
  isPaused = false;
  /** Monotonic ms when full queues last kept it from being read, as turns that were committed found it. */
  heldBackAtMs = Number.NEGATIVE_INFINITY;
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
    this.#loggedMax = start.entitiesMax;
    this.entities = new LRUCache({
      max: start.entitiesMax,
      maxSize: Number.MAX_SAFE_INTEGER,
      sizeCalculation: bytesOf,
    });
  }

  /** How far a committed turn has come. */
  advance({ nextSeq, publishedSeq, outgoingSeq }: Pick<Partition, "nextSeq" | "publishedSeq" | "outgoingSeq">): void {
    this.nextSeq = nextSeq;
    this.publishedSeq = publishedSeq;
    this.outgoingSeq = outgoingSeq;
  }

  /** Of a purged entity nothing is kept in memory. */
  keepEntity(record: EntityRecord): void {
    if (isPurged(record.entity)) this.entities.delete(record.entity.id);
    else this.entities.set(record.entity.id, record);
  }

  /** What is forgotten here the table's key still knows. */
  keepLogged(taken: ReadonlyMap<string, number>): void {
    if (this.loggedSlots.size + taken.size > this.#loggedMax) this.loggedSlots.clear();
    for (const [key, slot] of taken) this.loggedSlots.set(key, slot);
  }

  /** The intent has a row of its own from now on. */
  park({ intent, seq, askedAtMs }: OpenIntent): void {
    this.journaledIntents.delete(intent.id);
    this.parkedIntents.set(intent.id, { intent, seq, askedAtMs });
  }

  isOpen({ id }: Intent): boolean {
    return this.journaledIntents.has(id) || this.parkedIntents.has(id);
  }

  closeIntent({ id }: Intent): void {
    this.journaledIntents.delete(id);
    this.parkedIntents.delete(id);
  }

  /**
   * How far is published with a confirmation: not past an event of which another one waits, since a next owner must
   * publish that event again to have it confirmed.
   */
  publishedSeqWith({ throughSeq, messages }: Confirmation): number {
    if (this.heldEvents.size === 0 && this.#confirmedSeq === 0) return throughSeq;
    this.#confirmedSeq = Math.max(this.#confirmedSeq, throughSeq);
    const confirmed = new Set(messages.map(({ seq }) => seq));
    let publishedSeq = this.#confirmedSeq;
    for (const seq of this.heldEvents) if (!confirmed.has(seq)) publishedSeq = Math.min(publishedSeq, seq - 1);
    return publishedSeq;
  }

  /** No intent before this line is open, but for parked ones. */
  get pendingSeq(): number {
    for (const { seq } of this.journaledIntents.values()) return seq;
    return this.nextSeq;
  }
}
