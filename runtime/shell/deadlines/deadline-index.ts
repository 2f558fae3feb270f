import type { ArmedDeadline } from "../../core/handler.ts";
import { Heap } from "./heap.ts";
import type { Partition } from "../partitions/partition.ts";

/** Whose deadlines they are. */
export interface DeadlineOwner {
  readonly partition: Partition;
  readonly entityId: string;
  readonly attemptId: string;
  readonly correlationId: string;
}
export interface DueDeadline extends DeadlineOwner {
  readonly name: string;
  readonly at: number;
  readonly renewedAt: number | null;
}
/** Also its entry in the heap, for as long as it is the one that its map knows. */
interface IndexedDeadline {
  partition: Partition;
  readonly entityId: string;
  attemptId: string;
  correlationId: string;
  readonly name: string;
  armed: ArmedDeadline;
  /**
   * The time it has in the heap, Infinity when it is not in it. A renewal only moves `armed`; this follows when it
   * comes up.
   */
  queuedAt: number;
  /** Its firing is on its way. */
  isFired: boolean;
}

/**
 * When which deadline is due. One object a deadline, for there may be a great many; renewals are cheap, however many.
 */
export class DeadlineIndex {
  /** Name, then entity id. */
  readonly #entries = new Map<string, Map<string, IndexedDeadline>>();
  readonly #heap = new Heap<IndexedDeadline>((a, b) => a.queuedAt < b.queuedAt);

  get size(): number {
    return [...this.#entries.values()].reduce((sum, { size }) => sum + size, 0);
  }

  /** The earliest time at which something may be due; it may turn out to have been renewed. */
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
        known = {
          partition,
          entityId,
          attemptId,
          correlationId,
          name,
          armed,
          queuedAt: Number.POSITIVE_INFINITY,
          isFired: false,
        };
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

  /** Takes what is due at `atMs` out of the heap; what is not fired after all must be `set` or `postpone`d again. */
  popDue(atMs: number): DueDeadline[] {
    const due: DueDeadline[] = [];
    for (let top = this.#heap.first; top && top.queuedAt <= atMs; top = this.#heap.first) {
      this.#heap.pop();
      const { partition, entityId, attemptId, correlationId, name, armed } = top;
      if (this.#entryOf(name, entityId) !== top) continue;
      top.queuedAt = Number.POSITIVE_INFINITY;
      if (partition.isLost) this.#entries.get(name)?.delete(entityId);
      else if (armed.at > atMs) this.#queue(top, armed.at);
      else due.push({ partition, entityId, attemptId, correlationId, name, ...armed });
    }
    return due;
  }

  /** Looks at a due deadline again at `atMs`, also when it was fired: that counts no longer. */
  postpone({ entityId, name }: DueDeadline, atMs: number): void {
    const known = this.#entryOf(name, entityId);
    if (!known) return;
    known.isFired = false;
    this.#queue(known, atMs);
  }

  /** It fires: until the turn that takes it in is committed it is armed no longer, and not disarmed yet. */
  markFired({ entityId, name }: DueDeadline): void {
    const known = this.#entryOf(name, entityId);
    if (known) known.isFired = true;
  }

  /** For when the deadlines of this name are armed, in no order. */
  *armedTimes(name: string): Iterable<number> {
    for (const { armed, isFired, partition } of this.#entries.get(name)?.values() ?? [])
      if (!isFired && !partition.isLost) yield armed.at;
  }

  /** Still armed for the time that it was due at. */
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

  /** What lies in the heap already stays where it is: another takes its place. */
  #queue(known: IndexedDeadline, at: number): void {
    const entry = known.queuedAt === Number.POSITIVE_INFINITY ? known : { ...known };
    if (entry !== known) this.#addEntry(entry);
    entry.queuedAt = at;
    this.#heap.push(entry);
  }
}
