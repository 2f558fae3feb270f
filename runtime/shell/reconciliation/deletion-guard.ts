import { deletionHolds } from "../operators/holds.ts";
import type { ShellParts } from "../shell-context.ts";

/** Of what a backend holds for the owned partitions, within one period. */
const SHARE_MAX = 0.2;
const PERIOD_MS = 3_600_000;
/** How long an operator's word is good for. */
const ALLOWED_MS = 5 * 60_000;
/** A hold that no process has repeated for this long is over. */
const STALE_MS = 10 * 60_000;

/**
 * Sees to it that reconciliation never deletes more than a fifth of what a backend holds without an operator's word.
 */
export class DeletionGuard {
  readonly #parts: ShellParts;
  readonly #backend: string;
  #deleted: { readonly atMs: number; readonly count: number }[] = [];

  constructor(parts: ShellParts, backend: string) {
    this.#parts = parts;
    this.#backend = backend;
  }

  /**
   * @param wanted entries that would be deleted, of `entries` that the backend holds for this process's partitions
   * @throws Fault of the store: then nothing may be deleted
   */
  async allows(wanted: number, entries: number): Promise<boolean> {
    const { store, domain, brokerClock } = this.#parts;
    const nowMs = brokerClock.nowMs();
    const deleted = this.#deletedLately();
    if (wanted + deleted <= SHARE_MAX * (entries + deleted)) {
      await store.query(
        `update rollcall.deletion_hold set released_at = $3
          where domain = $1 and backend = $2 and released_at is null and waiting_at < $4`,
        [domain.name, this.#backend, new Date(nowMs), new Date(nowMs - STALE_MS)],
      );
      return true;
    }
    const hold = (await deletionHolds(store, domain.name)).find(({ backend }) => backend === this.#backend);
    const releasedAtMs = hold?.releasedAtMs ?? null;
    if (releasedAtMs !== null && hold?.releasedBy != null && nowMs - releasedAtMs <= ALLOWED_MS) return true;
    // Not over a word that was given meanwhile.
    await store.query(
      `insert into rollcall.deletion_hold as held
         (domain, backend, held_at, waiting_at, deletions, of_entries) values ($1, $2, $3, $3, $4, $5)
       on conflict (domain, backend) do update set
         held_at = case when held.released_at is null then held.held_at else excluded.held_at end,
         waiting_at = excluded.waiting_at, deletions = excluded.deletions, of_entries = excluded.of_entries,
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
    this.#parts.observe({ kind: "deletions_held", backend: this.#backend, deletions: wanted, of: entries });
    return false;
  }

  /** What was asked for counts against the next comparisons. */
  deleted(count: number): void {
    if (count > 0) this.#deleted.push({ atMs: this.#parts.clock.monotonicMs(), count });
  }

  #deletedLately(): number {
    const sinceMs = this.#parts.clock.monotonicMs() - PERIOD_MS;
    this.#deleted = this.#deleted.filter(({ atMs }) => atMs >= sinceMs);
    return this.#deleted.reduce((sum, { count }) => sum + count, 0);
  }
}
