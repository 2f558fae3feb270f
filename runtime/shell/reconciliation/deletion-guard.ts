import { deletionHolds } from "../operators/holds.ts";
import type { ShellContext } from "../shell-context.ts";

/** How much of a backend's entries for the owned partitions may be deleted within one period. */
const DELETED_RATIO_MAX = 0.2;
const PERIOD_MS = 3_600_000;
/** How long deletions are allowed after an operator has released them. */
const RELEASE_VALID_MS = 5 * 60_000;
/** A hold ends when no process has needed it for this long. */
const HOLD_STALE_MS = 10 * 60_000;

/** Prevents reconciliation from deleting more than a fifth of a backend's entries without an operator's decision. */
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
   * @returns whether they may be deleted; if not, a hold is stored, which an operator can release
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
    // Does not overwrite a release that an operator has stored meanwhile.
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

  /** Deletions that were requested count in the next comparisons too. */
  recordDeletions(count: number): void {
    if (count > 0) this.#recentDeletions.push({ atMs: this.#context.clock.monotonicMs(), count });
  }

  #recentDeletionCount(): number {
    const sinceMs = this.#context.clock.monotonicMs() - PERIOD_MS;
    this.#recentDeletions = this.#recentDeletions.filter(({ atMs }) => atMs >= sinceMs);
    return this.#recentDeletions.reduce((sum, { count }) => sum + count, 0);
  }
}
