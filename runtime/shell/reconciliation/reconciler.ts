import type { DriftFound, DriftKind } from "../../core/drift.ts";
import { derivedId } from "../../core/ids.ts";
import type { Message, Payload } from "../../core/message.ts";
import { driftType } from "../../core/reconcile.ts";
import { DeletionGuard } from "./deletion-guard.ts";
import { type Difference, DriftScan, type ScanOptions } from "./drift-scan.ts";
import { pause, type ShellParts } from "../shell-context.ts";

/** A difference counts when it is there twice: what was read first may have been on its way. */
const CONFIRM_MS = 1_000;
/**
 * A comparison that could not ask for all repairs is followed by the next after this, and after four times its length.
 */
const SOON_MS = 1_000;
const REST = 4;

export interface DriftStatus {
  readonly backend: string;
  /** Broker time of the last comparison that came to an end, ms since the epoch; null: none yet. */
  readonly comparedAtMs: number | null;
  /** Why the last comparison came to none. */
  readonly error: string | null;
  /** Differences that it found, by kind. */
  readonly found: Readonly<Record<DriftKind, number>>;
  /** Whether leftovers stay because an operator must allow it. */
  readonly isHeld: boolean;
}

interface Backend {
  readonly backend: string;
  readonly scan: DriftScan;
  readonly guard: DeletionGuard;
  status: DriftStatus;
}

const NOTHING = { missing: 0, altered: 0, leftover: 0 } as const;

/**
 * Compares, now and then, what backends hold with what the owned partitions' entities should have there. A difference
 * is a message of an ordinary turn: the core decides again with the entity as it then is, and the intents that make the
 * backend right are as durable as any. A backend that can't be read is left alone.
 */
export class Reconciler {
  readonly #parts: ShellParts;
  readonly #backends: readonly Backend[];
  #stopped = false;
  #cancel = (): void => {};

  constructor(parts: ShellParts, options: ScanOptions) {
    this.#parts = parts;
    this.#backends = [...parts.domain.reconciled.values()].map((reconciled) => ({
      backend: reconciled.backend,
      scan: new DriftScan(parts, options, reconciled),
      guard: new DeletionGuard(parts, reconciled.backend),
      status: { backend: reconciled.backend, comparedAtMs: null, error: null, found: NOTHING, isHeld: false },
    }));
  }

  get drift(): readonly DriftStatus[] {
    return this.#backends.map(({ status }) => status);
  }

  start(): void {
    if (this.#backends.length > 0) this.#next(this.#parts.limits.reconcileEveryMs);
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel();
  }

  #next(delayMs: number): void {
    if (this.#stopped) return;
    this.#cancel = this.#parts.clock.after(delayMs, () => {
      const startedMs = this.#parts.clock.monotonicMs();
      void this.#cycle().then((isFull) => {
        const tookMs = this.#parts.clock.monotonicMs() - startedMs;
        const { reconcileEveryMs } = this.#parts.limits;
        this.#next(isFull ? Math.min(reconcileEveryMs, Math.max(SOON_MS, REST * tookMs)) : reconcileEveryMs);
      });
    });
  }

  /** @returns whether there is more to repair than one comparison may ask for */
  async #cycle(): Promise<boolean> {
    let left = this.#parts.limits.repairsMax;
    let isFull = false;
    for (const each of this.#backends) {
      try {
        const wanted = await this.#compare(each, left);
        isFull ||= wanted > left;
        left -= Math.min(left, wanted);
      } catch (caught) {
        const error = caught instanceof Error ? caught.message : String(caught);
        each.status = { ...each.status, error };
        if (!this.#stopped) this.#parts.observe({ kind: "uncompared", backend: each.backend, error });
      }
    }
    return isFull;
  }

  /** @returns how many repairs are wanted, whether or not there was room for them */
  async #compare(each: Backend, room: number): Promise<number> {
    const { backend, scan, guard } = each;
    const first = await scan.all();
    const confirmed = first.differences.length === 0 ? [] : await this.#confirmed(scan, first.differences);
    const found = { ...NOTHING } as Record<DriftKind, number>;
    for (const { kind } of confirmed.flatMap(({ repairs }) => repairs)) found[kind]++;
    const deletes = await guard.allows(found.leftover, first.entries);
    if (this.#stopped) return 0;
    let asked = 0;
    let deletions = 0;
    for (const difference of confirmed) {
      const repairs = difference.repairs.filter(({ kind }) => deletes || kind !== "leftover");
      if (repairs.length === 0 || asked + repairs.length > room || difference.partition.lost) continue;
      asked += repairs.length;
      deletions += repairs.filter(({ kind }) => kind === "leftover").length;
      this.#push(backend, difference, deletes);
    }
    guard.deleted(deletions);
    each.status = { backend, comparedAtMs: this.#parts.brokerClock.nowMs(), error: null, found, isHeld: !deletes };
    this.#parts.observe({ kind: "compared", backend, entries: first.entries, ...found, repairs: asked });
    return found.missing + found.altered + (deletes ? found.leftover : 0);
  }

  /** Those that are still there at a second look, with an entity to which nothing has happened meanwhile. */
  async #confirmed(scan: DriftScan, differences: readonly Difference[]): Promise<readonly Difference[]> {
    await pause(this.#parts.clock, CONFIRM_MS);
    const before = new Map(differences.map(({ entityId, entity }) => [entityId, entity?.seq ?? 0]));
    const { differences: again } = await scan.again([...before.keys()]);
    return again.filter(({ entityId, entity }) => before.get(entityId) === (entity?.seq ?? 0));
  }

  #push(backend: string, { partition, entityId, entity, held }: Difference, deletes: boolean): void {
    const { domain, brokerClock, inbox } = this.#parts;
    const now = brokerClock.nowMs();
    const seq = entity?.seq ?? 0;
    const id = derivedId("drift", domain.name, entityId, backend, seq, now);
    const found: DriftFound = {
      entity_seq: seq,
      held: held.map(({ version, content }) => ({ version, content })),
      deletes,
    };
    const message: Message = {
      kind: "drift",
      type: driftType(backend),
      id,
      entityId,
      correlationId: entity?.attempt.correlationIds[0] ?? id,
      payload: found as unknown as Payload,
      now,
      ...(entity && { attemptId: entity.attempt.id }),
    };
    inbox.push({ kind: "drift", partition, message });
  }
}
