import type { ArmedDeadline } from "../core/handler.ts";
import { Heap } from "./heap.ts";
import type { Partition } from "./partition.ts";

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
interface Armed {
  owner: DeadlineOwner;
  readonly name: string;
  armed: ArmedDeadline;
  /**
   * The time its entry in the heap carries, Infinity for none. A renewal only moves `armed`; the entry follows when it
   * comes up.
   */
  queuedAt: number;
  /** Its firing is on its way. */
  fired: boolean;
}

/** When which deadline is due. One heap entry a deadline: renewals are cheap, however many there are. */
export class DeadlineIndex {
  readonly #armed = new Map<string, Armed>();
  readonly #heap = new Heap<{ readonly at: number; readonly key: string }>((a, b) => a.at < b.at);

  get size(): number {
    return this.#armed.size;
  }

  /** The earliest time at which something may be due; it may turn out to have been renewed. */
  get nextAt(): number | undefined {
    return this.#heap.first?.at;
  }

  set(
    owner: DeadlineOwner,
    before: Readonly<Record<string, ArmedDeadline>>,
    now: Readonly<Record<string, ArmedDeadline>>,
  ): void {
    for (const name of Object.keys(before)) if (!now[name]) this.#armed.delete(keyOf(owner.entityId, name));
    for (const [name, armed] of Object.entries(now)) {
      const key = keyOf(owner.entityId, name);
      let known = this.#armed.get(key);
      if (!known) this.#armed.set(key, (known = { owner, name, armed, queuedAt: Number.POSITIVE_INFINITY, fired: false })); // prettier-ignore
      known.owner = owner;
      known.fired &&= armed.at === known.armed.at;
      known.armed = armed;
      if (armed.at < known.queuedAt) this.#queue(known, key, armed.at);
    }
  }

  /** Takes what is due at `atMs` out of the heap; what is not fired after all must be `set` or `postpone`d again. */
  takeDue(atMs: number): Due[] {
    const due: Due[] = [];
    for (let top = this.#heap.first; top && top.at <= atMs; top = this.#heap.first) {
      this.#heap.pop();
      const known = this.#armed.get(top.key);
      if (!known || known.queuedAt !== top.at) continue;
      known.queuedAt = Number.POSITIVE_INFINITY;
      if (known.owner.partition.lost) this.#armed.delete(top.key);
      else if (known.armed.at > atMs) this.#queue(known, top.key, known.armed.at);
      else due.push({ ...known.owner, name: known.name, ...known.armed });
    }
    return due;
  }

  /** Looks at a due deadline again at `atMs`, also when it was fired: that counts no longer. */
  postpone({ entityId, name }: Due, atMs: number): void {
    const key = keyOf(entityId, name);
    const known = this.#armed.get(key);
    if (!known) return;
    known.fired = false;
    this.#queue(known, key, atMs);
  }

  /** It fires: until the turn that takes it in is committed it is armed no longer, and not disarmed yet. */
  fired({ entityId, name }: Due): void {
    const known = this.#armed.get(keyOf(entityId, name));
    if (known) known.fired = true;
  }

  /** For when the deadlines of this name are armed, in no order. */
  *armedFor(name: string): Iterable<number> {
    for (const { name: own, armed, fired, owner } of this.#armed.values())
      if (own === name && !fired && !owner.partition.lost) yield armed.at;
  }

  /** Still armed for the time that it was due at. */
  isCurrent({ entityId, name, at }: Due): boolean {
    return this.#armed.get(keyOf(entityId, name))?.armed.at === at;
  }

  dropLost(): void {
    for (const [key, { owner }] of this.#armed) if (owner.partition.lost) this.#armed.delete(key);
  }

  #queue(known: Armed, key: string, at: number): void {
    known.queuedAt = at;
    this.#heap.push({ at, key });
  }
}

const keyOf = (entityId: string, name: string): string => `${name}\0${entityId}`;
