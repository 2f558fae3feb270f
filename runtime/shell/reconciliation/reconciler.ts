import type { DriftKind } from "../../core/drift.ts";
import { driftMessage } from "../../core/runtime-messages.ts";
import { repeat, sleep, type ShellContext } from "../shell-context.ts";
import { DeletionGuard } from "./deletion-guard.ts";
import { type DriftedEntity, DriftScan } from "./drift-scan.ts";

/** A difference counts only if a second comparison finds it too: a write may have been running during the first. */
const CONFIRM_DELAY_MS = 1_000;
/** When repairs are left over, the next comparison follows after max(this, FOLLOW_UP_FACTOR * last duration). */
const FOLLOW_UP_MIN_MS = 1_000;
const FOLLOW_UP_FACTOR = 4;

export interface DriftStatus {
  readonly backend: string;
  /** Broker time of the last comparison that succeeded, ms since the epoch; null: none yet. */
  readonly comparedAtMs: number | null;
  /** Why the last comparison failed; null: it succeeded. */
  readonly error: string | null;
  /** How many differences it found, by kind. */
  readonly found: Readonly<Record<DriftKind, number>>;
  /** Whether deletions of leftovers wait for an operator. */
  readonly isHeld: boolean;
}

interface BackendScan {
  readonly scan: DriftScan;
  readonly guard: DeletionGuard;
  status: DriftStatus;
}

const NO_DRIFT = { missing: 0, altered: 0, leftover: 0 } as const;

/**
 * Compares, from time to time, what backends hold with what they should hold for the owned partitions' entities. A
 * difference becomes a message of an ordinary turn: its step decides with the current entity, and its intents are as
 * durable as all others. A backend that can't be read is not repaired.
 */
export class Reconciler {
  readonly #context: ShellContext;
  readonly #backends: readonly BackendScan[];

  /** @param isPending whether an intent of the target is unfinished: then the backend is about to change */
  constructor(context: ShellContext, isPending: (target: string) => boolean) {
    this.#context = context;
    this.#backends = [...context.domain.reconciled.values()].map((reconciled) => ({
      scan: new DriftScan(context, reconciled, isPending),
      guard: new DeletionGuard(context, reconciled.backend),
      status: { backend: reconciled.backend, comparedAtMs: null, error: null, found: NO_DRIFT, isHeld: false },
    }));
  }

  get driftStatus(): readonly DriftStatus[] {
    return this.#backends.map(({ status }) => status);
  }

  start(): void {
    if (this.#backends.length > 0) repeat(this.#context, this.#context.limits.reconcileEveryMs, () => this.#cycle());
  }

  /** @returns the delay to the next comparison */
  async #cycle(): Promise<number> {
    const { clock, limits, observe, stopping } = this.#context;
    const startedMs = clock.monotonicMs();
    let left = limits.repairsMax;
    let isFull = false;
    for (const each of this.#backends) {
      try {
        const wanted = await this.#compare(each, left);
        isFull ||= wanted > left;
        left -= Math.min(left, wanted);
      } catch (caught) {
        const error = caught instanceof Error ? caught.message : String(caught);
        each.status = { ...each.status, error };
        if (!stopping.aborted) observe({ kind: "comparison_failed", backend: each.status.backend, error });
      }
    }
    const followUpMs = Math.max(FOLLOW_UP_MIN_MS, FOLLOW_UP_FACTOR * (clock.monotonicMs() - startedMs));
    return isFull ? Math.min(limits.reconcileEveryMs, followUpMs) : limits.reconcileEveryMs;
  }

  /** @returns how many repairs are needed, also if they are more than `repairsLeft` */
  async #compare(backendScan: BackendScan, repairsLeft: number): Promise<number> {
    const { scan, guard } = backendScan;
    const { backend } = backendScan.status;
    const { brokerClock, domain, inbox, observe, stopping } = this.#context;
    const first = await scan.scanAll();
    const confirmed = first.differences.length === 0 ? [] : await this.#confirm(scan, first.differences);
    const found = { ...NO_DRIFT } as Record<DriftKind, number>;
    for (const { kind } of confirmed.flatMap(({ repairs }) => repairs)) found[kind]++;
    const mayDelete = await guard.requestDeletions(found.leftover, first.entries);
    if (stopping.aborted) return 0;
    let requested = 0;
    let deletions = 0;
    for (const difference of confirmed) {
      const repairs = difference.repairs.filter(({ kind }) => mayDelete || kind !== "leftover");
      if (repairs.length === 0 || requested + repairs.length > repairsLeft || difference.partition.isLost) continue;
      requested += repairs.length;
      deletions += repairs.filter(({ kind }) => kind === "leftover").length;
      const { partition, ...drifted } = difference;
      const message = driftMessage(domain.name, backend, { ...drifted, mayDelete }, brokerClock.nowMs());
      inbox.push({ kind: "drift", partition, message });
    }
    guard.recordDeletions(deletions);
    const comparedAtMs = brokerClock.nowMs();
    backendScan.status = { backend, comparedAtMs, error: null, found, isHeld: !mayDelete };
    observe({ kind: "comparison_done", backend, entries: first.entries, ...found, repairs: requested });
    return found.missing + found.altered + (mayDelete ? found.leftover : 0);
  }

  /** The differences that a second comparison finds too, of entities that have not changed in between. */
  async #confirm(scan: DriftScan, differences: readonly DriftedEntity[]): Promise<readonly DriftedEntity[]> {
    await sleep(this.#context.clock, CONFIRM_DELAY_MS);
    const before = new Map(differences.map(({ entityId, entity }) => [entityId, entity?.seq ?? 0]));
    const { differences: again } = await scan.rescan([...before.keys()]);
    return again.filter(({ entityId, entity }) => before.get(entityId) === (entity?.seq ?? 0));
  }
}
