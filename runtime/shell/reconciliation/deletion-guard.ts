import { deletionHolds } from "../operators/holds.ts";
import type { ShellContext } from "../shell-context.ts";

/** Of what a backend holds for the owned partitions, within one period. */
const DELETED_RATIO_MAX = 0.2;
const PERIOD_MS = 3_600_000;
/** How long an operator's word is good for. */
const RELEASE_VALID_MS = 5 * 60_000;
/** A hold that no process has repeated for this long is over. */
const HOLD_STALE_MS = 10 * 60_000;

/**
 * Sees to it that reconciliation never deletes more than a fifth of what a backend holds without an operator's word.
 */
export class DeletionGuard {
  readonly #context: ShellContext;
  readonly #backend: string;
  #recentDeletions: { readonly atMs: number; readonly count: number }[] = [];

  constructor(context: ShellContext, backend: string) {
    this.#context = context;
    this.#backend = backend;
  }

  /**
   * @param wanted entries that would be deleted, of `entries` that the backend holds for this process's partitions
   * @throws Fault of the store: then nothing may be deleted
   */
  async requestDeletions(wanted: number, entries: number): Promise<boolean> {
    const { store, domain, brokerClock } = this.#context;
    const nowMs = brokerClock.nowMs();
    const recent = this.#recentDeletionCount();
    if (wanted + recent <= DELETED_RATIO_MAX * (entries + recent)) {
      await store.query(
        `update rollcall.deletion_hold set released_at = $3
          where domain = $1 and backend = $2 and released_at is null and last_waiting_at < $4`,
        [domain.name, this.#backend, new Date(nowMs), new Date(nowMs - HOLD_STALE_MS)],
      );
      return true;
    }
    const hold = (await deletionHolds(store, domain.name)).find(({ backend }) => backend === this.#backend);
    const releasedAtMs = hold?.releasedAtMs ?? null;
    if (releasedAtMs !== null && hold?.releasedBy != null && nowMs - releasedAtMs <= RELEASE_VALID_MS) return true;
    // Not over a word that was given meanwhile.
    await store.query(
      `insert into rollcall.deletion_hold as held
         (domain, backend, held_at, last_waiting_at, deletions, total) values ($1, $2, $3, $3, $4, $5)
       on conflict (domain, backend) do update set
         held_at = case when held.released_at is null then held.held_at else excluded.held_at end,
         last_waiting_at = excluded.last_waiting_at, deletions = excluded.deletions, total = excluded.total,
         released_at = null, released_by = null, reason = null
       where held.released_at is not distinct from $6`,
      [
        domain.name,
        this.#backend,
        new Date(nowMs),
        wanted,
        entries,
        releasedAtMs === null ? null : new Date(releasedAtMs),
      ],
    );
    this.#context.observe({ kind: "deletions_held", backend: this.#backend, deletions: wanted, total: entries });
    return false;
  }

  /** What was asked for counts against the next comparisons. */
  recordDeletions(count: number): void {
    if (count > 0) this.#recentDeletions.push({ atMs: this.#context.clock.monotonicMs(), count });
  }

  #recentDeletionCount(): number {
    const sinceMs = this.#context.clock.monotonicMs() - PERIOD_MS;
    this.#recentDeletions = this.#recentDeletions.filter(({ atMs }) => atMs >= sinceMs);
    return this.#recentDeletions.reduce((sum, { count }) => sum + count, 0);
  }
}
