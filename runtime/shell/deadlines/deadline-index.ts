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
export interface Due extends DeadlineOwner {
  readonly name: string;
  readonly at: number;
  readonly renewedAt: number | null;
}
/** Also its entry in the heap, for as long as it is the one that its map knows. */
interface Armed {
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
  fired: boolean;
}

/**
 * When which deadline is due. One object a deadline, for there may be a great many; renewals are cheap, however many.
 */
export class DeadlineIndex {
  /** Name, then entity id. */
  readonly #armed = new Map<string, Map<string, Armed>>();
  readonly #heap = new Heap<Armed>((a, b) => a.queuedAt < b.queuedAt);

  get size(): number {
    return [...this.#armed.values()].reduce((sum, { size }) => sum + size, 0);
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
    for (const name of Object.keys(before)) if (!now[name]) this.#armed.get(name)?.delete(entityId);
    for (const [name, armed] of Object.entries(now)) {
      let known = this.#known(name, entityId);
      if (!known) {
        known = {
          partition,
          entityId,
          attemptId,
          correlationId,
          name,
          armed,
          queuedAt: Number.POSITIVE_INFINITY,
          fired: false,
        };
        this.#keep(known);
      }
      known.partition = partition;
      known.attemptId = attemptId;
      known.correlationId = correlationId;
      known.fired &&= armed.at === known.armed.at;
      known.armed = armed;
      if (armed.at < known.queuedAt) this.#queue(known, armed.at);
    }
  }

  /** Takes what is due at `atMs` out of the heap; what is not fired after all must be `set` or `postpone`d again. */
  takeDue(atMs: number): Due[] {
    const due: Due[] = [];
    for (let top = this.#heap.first; top && top.queuedAt <= atMs; top = this.#heap.first) {
      this.#heap.pop();
      const { partition, entityId, attemptId, correlationId, name, armed } = top;
      if (this.#known(name, entityId) !== top) continue;
      top.queuedAt = Number.POSITIVE_INFINITY;
      if (partition.lost) this.#armed.get(name)?.delete(entityId);
      else if (armed.at > atMs) this.#queue(top, armed.at);
      else due.push({ partition, entityId, attemptId, correlationId, name, ...armed });
    }
    return due;
  }

  /** Looks at a due deadline again at `atMs`, also when it was fired: that counts no longer. */
  postpone({ entityId, name }: Due, atMs: number): void {
    const known = this.#known(name, entityId);
    if (!known) return;
    known.fired = false;
    this.#queue(known, atMs);
  }

  /** It fires: until the turn that takes it in is committed it is armed no longer, and not disarmed yet. */
  fired({ entityId, name }: Due): void {
    const known = this.#known(name, entityId);
    if (known) known.fired = true;
  }

  /** For when the deadlines of this name are armed, in no order. */
  *armedFor(name: string): Iterable<number> {
    for (const { armed, fired, partition } of this.#armed.get(name)?.values() ?? [])
      if (!fired && !partition.lost) yield armed.at;
  }

  /** Still armed for the time that it was due at. */
  isCurrent({ entityId, name, at }: Due): boolean {
    return this.#known(name, entityId)?.armed.at === at;
  }

  dropLost(): void {
    for (const ofName of this.#armed.values())
      for (const [entityId, { partition }] of ofName) if (partition.lost) ofName.delete(entityId);
  }

  #known(name: string, entityId: string): Armed | undefined {
    return this.#armed.get(name)?.get(entityId);
  }

  #keep(armed: Armed): void {
    let ofName = this.#armed.get(armed.name);
    if (!ofName) this.#armed.set(armed.name, (ofName = new Map()));
    ofName.set(armed.entityId, armed);
  }

  /** What lies in the heap already stays where it is: another takes its place. */
  #queue(known: Armed, at: number): void {
    const entry = known.queuedAt === Number.POSITIVE_INFINITY ? known : { ...known };
    if (entry !== known) this.#keep(entry);
    entry.queuedAt = at;
    this.#heap.push(entry);
  }
}
