import type { Sql, Store } from "../../ports/store.ts";
import { recordOperatorDecision, type OperatorDecision } from "./operator-decision.ts";

/** A row of rollcall.expiry_hold; times in ms since the epoch, broker time. */
export interface ExpiryHold {
  readonly state: string;
  readonly heldAtMs: number;
  /** How many of how many entities would have expired at once, where it began. */
  readonly entities: number;
  readonly total: number;
  /** Null while it is in force. */
  readonly releasedAtMs: number | null;
  /** Null: it ended by itself. */
  readonly releasedBy: string | null;
  readonly reason: string | null;
}

/** A row of rollcall.deletion_hold; times as above. */
export interface DeletionHold {
  readonly backend: string;
  readonly heldAtMs: number;
  readonly deletions: number;
  readonly total: number;
  readonly releasedAtMs: number | null;
  readonly releasedBy: string | null;
  readonly reason: string | null;
}

interface HoldRow {
  readonly name: string;
  readonly held_at: Date;
  readonly count: number;
  readonly total: number;
  readonly released_at: Date | null;
  readonly released_by: string | null;
  readonly reason: string | null;
}

const releaseOf = ({ released_at, released_by: releasedBy, reason }: HoldRow) => ({
  releasedAtMs: released_at?.getTime() ?? null,
  releasedBy,
  reason,
});

export async function expiryHolds(sql: Sql, domain: string): Promise<ExpiryHold[]> {
  const rows = await sql.query<HoldRow>(
    `select state as name, held_at, entities as count, total as total, released_at, released_by, reason
       from rollcall.expiry_hold where domain = $1 order by state`,
    [domain],
  );
  return rows.map((row) => ({
    state: row.name,
    heldAtMs: row.held_at.getTime(),
    entities: row.count,
    total: row.total,
    ...releaseOf(row),
  }));
}

export async function deletionHolds(sql: Sql, domain: string): Promise<DeletionHold[]> {
  const rows = await sql.query<HoldRow>(
    `select backend as name, held_at, deletions as count, total as total, released_at, released_by, reason
       from rollcall.deletion_hold where domain = $1 order by backend`,
    [domain],
  );
  return rows.map((row) => ({
    backend: row.name,
    heldAtMs: row.held_at.getTime(),
    deletions: row.count,
    total: row.total,
    ...releaseOf(row),
  }));
}

/** Lets the expiry of a state go on at once. @returns whether it was held */
export const releaseExpiry = (store: Store, state: string, decision: OperatorDecision): Promise<boolean> =>
  release(store, "expiry", state, decision, (tx) =>
    tx.query(
      `update rollcall.expiry_hold set released_at = $3, released_by = $4, reason = $5
        where domain = $1 and state = $2 and released_at is null returning 1`,
      [decision.domain, state, new Date(decision.atMs), decision.who, decision.reason],
    ),
  );

/** Allows the deletions that a backend's reconciliation waits for. @returns whether they were held */
export const releaseDeletions = (store: Store, backend: string, decision: OperatorDecision): Promise<boolean> =>
  release(store, "deletion", backend, decision, (tx) =>
    tx.query(
      `update rollcall.deletion_hold set released_at = $3, released_by = $4, reason = $5
        where domain = $1 and backend = $2 and released_at is null returning 1`,
      [decision.domain, backend, new Date(decision.atMs), decision.who, decision.reason],
    ),
  );

/** The word and what it does are one: neither is there without the other. */
function release(
  store: Store,
  kind: "expiry" | "deletion",
  subject: string,
  decision: OperatorDecision,
  update: (tx: Sql) => Promise<readonly unknown[]>,
): Promise<boolean> {
  return store.transaction(async (tx) => {
    if ((await update(tx)).length === 0) return false;
    await recordOperatorDecision(tx, `hold release: ${kind}`, subject, decision);
    return true;
  });
}
