import type { DriftPayload, DriftKind } from "../../core/drift.ts";
import { derivedId } from "../../core/ids.ts";
import type { Message, Payload } from "../../core/message.ts";
import { driftMessageType } from "../../core/reconcile.ts";
import { DeletionGuard } from "./deletion-guard.ts";
import { type DriftedEntity, DriftScan, type ScanOptions } from "./drift-scan.ts";
import { sleep, type ShellContext } from "../shell-context.ts";

/** A difference counts when it is there twice: what was read first may have been on its way. */
const CONFIRM_DELAY_MS = 1_000;
/**
 * A comparison that could not ask for all repairs is followed by the next after this, and after four times its length.
 */
const FOLLOW_UP_MIN_MS = 1_000;
const FOLLOW_UP_FACTOR = 4;

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

interface BackendScan {
  readonly backend: string;
  readonly scan: DriftScan;
  readonly guard: DeletionGuard;
  status: DriftStatus;
}

const NO_DRIFT = { missing: 0, altered: 0, leftover: 0 } as const;

/**
 * Compares, now and then, what backends hold with what the owned partitions' entities should have there. A difference
 * is a message of an ordinary turn: the core decides again with the entity as it then is, and the intents that make the
 * backend right are as durable as any. A backend that can't be read is left alone.
 */
export class Reconciler {
  readonly #context: ShellContext;
  readonly #backends: readonly BackendScan[];
  #stopped = false;
  #cancel = (): void => {};

  constructor(context: ShellContext, options: ScanOptions) {
    this.#context = context;
    this.#backends = [...context.domain.reconciled.values()].map((reconciled) => ({
      backend: reconciled.backend,
      scan: new DriftScan(context, options, reconciled),
      guard: new DeletionGuard(context, reconciled.backend),
      status: { backend: reconciled.backend, comparedAtMs: null, error: null, found: NO_DRIFT, isHeld: false },
    }));
  }

  get driftStatus(): readonly DriftStatus[] {
    return this.#backends.map(({ status }) => status);
  }

  start(): void {
    if (this.#backends.length > 0) this.#schedule(this.#context.limits.reconcileEveryMs);
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel();
  }

  #schedule(delayMs: number): void {
    if (this.#stopped) return;
    this.#cancel = this.#context.clock.after(delayMs, () => {
      const startedMs = this.#context.clock.monotonicMs();
      void this.#cycle().then((isFull) => {
        const tookMs = this.#context.clock.monotonicMs() - startedMs;
        const { reconcileEveryMs } = this.#context.limits;
        this.#schedule(
          isFull ? Math.min(reconcileEveryMs, Math.max(FOLLOW_UP_MIN_MS, FOLLOW_UP_FACTOR * tookMs)) : reconcileEveryMs,
        );
      });
    });
  }

  /** @returns whether there is more to repair than one comparison may ask for */
  async #cycle(): Promise<boolean> {
    let left = this.#context.limits.repairsMax;
    let isFull = false;
    for (const each of this.#backends) {
      try {
        const wanted = await this.#compare(each, left);
        isFull ||= wanted > left;
        left -= Math.min(left, wanted);
      } catch (caught) {
        const error = caught instanceof Error ? caught.message : String(caught);
        each.status = { ...each.status, error };
        if (!this.#stopped) this.#context.observe({ kind: "comparison_failed", backend: each.backend, error });
      }
    }
    return isFull;
  }

  /** @returns how many repairs are wanted, whether or not there was room for them */
  async #compare(backendScan: BackendScan, repairsLeft: number): Promise<number> {
    const { backend, scan, guard } = backendScan;
    const first = await scan.scanAll();
    const confirmed = first.differences.length === 0 ? [] : await this.#confirm(scan, first.differences);
    const found = { ...NO_DRIFT } as Record<DriftKind, number>;
    for (const { kind } of confirmed.flatMap(({ repairs }) => repairs)) found[kind]++;
    const mayDelete = await guard.requestDeletions(found.leftover, first.entries);
    if (this.#stopped) return 0;
    let requested = 0;
    let deletions = 0;
    for (const difference of confirmed) {
      const repairs = difference.repairs.filter(({ kind }) => mayDelete || kind !== "leftover");
      if (repairs.length === 0 || requested + repairs.length > repairsLeft || difference.partition.isLost) continue;
      requested += repairs.length;
      deletions += repairs.filter(({ kind }) => kind === "leftover").length;
      this.#enqueueDrift(backend, difference, mayDelete);
    }
    guard.recordDeletions(deletions);
    backendScan.status = {
      backend,
      comparedAtMs: this.#context.brokerClock.nowMs(),
      error: null,
      found,
      isHeld: !mayDelete,
    };
    this.#context.observe({ kind: "comparison_done", backend, entries: first.entries, ...found, repairs: requested });
    return found.missing + found.altered + (mayDelete ? found.leftover : 0);
  }

  /** Those that are still there at a second look, with an entity to which nothing has happened meanwhile. */
  async #confirm(scan: DriftScan, differences: readonly DriftedEntity[]): Promise<readonly DriftedEntity[]> {
    await sleep(this.#context.clock, CONFIRM_DELAY_MS);
    const before = new Map(differences.map(({ entityId, entity }) => [entityId, entity?.seq ?? 0]));
    const { differences: again } = await scan.rescan([...before.keys()]);
    return again.filter(({ entityId, entity }) => before.get(entityId) === (entity?.seq ?? 0));
  }

  #enqueueDrift(backend: string, { partition, entityId, entity, entries }: DriftedEntity, deletes: boolean): void {
    const { domain, brokerClock, inbox } = this.#context;
    const now = brokerClock.nowMs();
    const seq = entity?.seq ?? 0;
    const id = derivedId("drift", domain.name, entityId, backend, seq, now);
    const found: DriftPayload = {
      entity_seq: seq,
      entries: entries.map(({ version, content }) => ({ version, content })),
      may_delete: deletes,
    };
    const message: Message = {
      kind: "drift",
      type: driftMessageType(backend),
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
