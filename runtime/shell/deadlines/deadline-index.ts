import type { AttemptRef } from "../../core/entity.ts";
import type { ArmedDeadline } from "../../core/handler.ts";
import type { Partition } from "../partitions/partition.ts";
import { Heap } from "./heap.ts";

/** The attempt that has the deadlines, and its partition. */
export interface DeadlineOwner extends AttemptRef {
  readonly partition: Partition;
}
export interface DueDeadline extends DeadlineOwner, ArmedDeadline {
  readonly name: string;
}
const NOT_QUEUED = Number.POSITIVE_INFINITY;
/** The heap's entry is the same object. An entry in the heap that the map does not have is outdated. */
interface IndexedDeadline {
  partition: Partition;
  readonly entityId: string;
  attemptId: string;
  correlationId: string;
  readonly name: string;
  armed: ArmedDeadline;
  /** Its time in the heap, or NOT_QUEUED. A renewal leaves it as it is until it comes up. */
  queuedAt: number;
  /** It has fired, and the turn that takes the message is not committed yet. */
  isFired: boolean;
}

/** Finds the deadlines that are due. Made for very many (one object each) and frequent renewals (no heap change). */
export class DeadlineIndex {
  /** By deadline name, then entity id. */
  readonly #entries = new Map<string, Map<string, IndexedDeadline>>();
  readonly #heap = new Heap<IndexedDeadline>((a, b) => a.queuedAt < b.queuedAt);

  get size(): number {
    return [...this.#entries.values()].reduce((sum, { size }) => sum + size, 0);
  }

  /** The earliest time at which a deadline may be due, unless it was renewed. */
  get nextAt(): number | undefined {
    return this.#heap.first?.queuedAt;
  }

  set(
    owner: DeadlineOwner,
    before: Readonly<Record<string, ArmedDeadline>>,
    now: Readonly<Record<string, ArmedDeadline>>,
  ): void {
    const { partition, entityId, attemptId, correlationId } = owner;
    for (const name of Object.keys(before)) if (!now[name]) this.#entries.get(name)?.delete(entityId);
    for (const [name, armed] of Object.entries(now)) {
      let known = this.#entryOf(name, entityId);
      if (!known) {
        known = { partition, entityId, attemptId, correlationId, name, armed, queuedAt: NOT_QUEUED, isFired: false };
        this.#addEntry(known);
      }
      known.partition = partition;
      known.attemptId = attemptId;
      known.correlationId = correlationId;
      known.isFired &&= armed.at === known.armed.at;
      known.armed = armed;
      if (armed.at < known.queuedAt) this.#queue(known, armed.at);
    }
  }

  /** Takes the deadlines that are due at `atMs` out of the heap. Those that do not fire must be `postpone`d. */
  popDue(atMs: number): DueDeadline[] {
    const due: DueDeadline[] = [];
    for (let top = this.#heap.first; top && top.queuedAt <= atMs; top = this.#heap.first) {
      this.#heap.pop();
      const { partition, entityId, attemptId, correlationId, name, armed } = top;
      if (this.#entryOf(name, entityId) !== top) continue;
      top.queuedAt = NOT_QUEUED;
      if (partition.isLost) this.#entries.get(name)?.delete(entityId);
      else if (armed.at > atMs) this.#queue(top, armed.at);
      else due.push({ partition, entityId, attemptId, correlationId, name, ...armed });
    }
    return due;
  }

  /** Makes a deadline due again at `atMs`, also when it had fired. */
  postpone({ entityId, name }: DueDeadline, atMs: number): void {
    const known = this.#entryOf(name, entityId);
    if (!known) return;
    known.isFired = false;
    this.#queue(known, atMs);
  }

  /** Until its turn is committed the deadline is still in the index, but no longer counted as armed. */
  markFired({ entityId, name }: DueDeadline): void {
    const known = this.#entryOf(name, entityId);
    if (known) known.isFired = true;
  }

  /** The times of the armed deadlines of this name, in no order. */
  *armedTimes(name: string): Iterable<number> {
    for (const { armed, isFired, partition } of this.#entries.get(name)?.values() ?? [])
      if (!isFired && !partition.isLost) yield armed.at;
  }

  /** Whether it is still armed for the time at which it was due. */
  isCurrent({ entityId, name, at }: DueDeadline): boolean {
    return this.#entryOf(name, entityId)?.armed.at === at;
  }

  dropLost(): void {
    for (const ofName of this.#entries.values())
      for (const [entityId, { partition }] of ofName) if (partition.isLost) ofName.delete(entityId);
  }

  #entryOf(name: string, entityId: string): IndexedDeadline | undefined {
    return this.#entries.get(name)?.get(entityId);
  }

  #addEntry(armed: IndexedDeadline): void {
    let ofName = this.#entries.get(armed.name);
    if (!ofName) this.#entries.set(armed.name, (ofName = new Map()));
    ofName.set(armed.entityId, armed);
  }

  /** An entry can't be moved inside of the heap: a copy replaces it, and the old one is outdated. */
  #queue(known: IndexedDeadline, at: number): void {
    const entry = known.queuedAt === NOT_QUEUED ? known : { ...known };
    if (entry !== known) this.#addEntry(entry);
    entry.queuedAt = at;
    this.#heap.push(entry);
  }
}
