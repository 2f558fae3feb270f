import type { Sql, Store } from "../../ports/store.ts";
import { recordOperatorDecision, type OperatorDecision } from "./operator-decision.ts";

/** Times in ms since the epoch, broker time. */
interface Hold {
  readonly heldAtMs: number;
  /** Null while the hold is in force. */
  readonly releasedAtMs: number | null;
  /** Null: it ended without an operator. */
  readonly releasedBy: string | null;
  readonly reason: string | null;
}

/** A row of rollcall.expiry_hold. */
export interface ExpiryHold extends Hold {
  readonly state: string;
  /** How many entities of `total` would have expired at once when it began. */
  readonly entities: number;
  readonly total: number;
}

/** A row of rollcall.deletion_hold. */
export interface DeletionHold extends Hold {
  readonly backend: string;
  /** How many entries of `total` would have been deleted when it began. */
  readonly deletions: number;
  readonly total: number;
}

const HOLD_COLUMNS = "held_at, released_at, released_by, reason, total";
interface HoldRow {
  readonly held_at: Date;
  readonly released_at: Date | null;
  readonly released_by: string | null;
  readonly reason: string | null;
  readonly total: number;
}

const holdOf = ({ held_at, released_at, released_by, reason, total }: HoldRow) => ({
  heldAtMs: held_at.getTime(),
  releasedAtMs: released_at?.getTime() ?? null,
  releasedBy: released_by,
  reason,
  total,
});

export async function expiryHolds(sql: Sql, domain: string): Promise<ExpiryHold[]> {
  const rows = await sql.query<HoldRow & { readonly state: string; readonly entities: number }>(
    `select state, entities, ${HOLD_COLUMNS} from rollcall.expiry_hold where domain = $1 order by state`,
    [domain],
  );
  return rows.map((row) => ({ state: row.state, entities: row.entities, ...holdOf(row) }));
}

export async function deletionHolds(sql: Sql, domain: string): Promise<DeletionHold[]> {
  const rows = await sql.query<HoldRow & { readonly backend: string; readonly deletions: number }>(
    `select backend, deletions, ${HOLD_COLUMNS} from rollcall.deletion_hold where domain = $1 order by backend`,
    [domain],
  );
  return rows.map((row) => ({ backend: row.backend, deletions: row.deletions, ...holdOf(row) }));
}

/** Lets the held entities of a state expire at once. @returns whether there was a hold */
export const releaseExpiry = (store: Store, state: string, decision: OperatorDecision): Promise<boolean> =>
  release(store, "expiry", "state", state, decision);

/** Allows the deletions that a backend's reconciliation waits for. @returns whether there was a hold */
export const releaseDeletions = (store: Store, backend: string, decision: OperatorDecision): Promise<boolean> =>
  release(store, "deletion", "backend", backend, decision);

/** Records the decision in the transaction that releases the hold: neither is stored without the other. */
function release(
  store: Store,
  kind: "expiry" | "deletion",
  column: "state" | "backend",
  subject: string,
  decision: OperatorDecision,
): Promise<boolean> {
  return store.transaction(async (tx) => {
    const released = await tx.query(
      `update rollcall.${kind}_hold set released_at = $3, released_by = $4, reason = $5
        where domain = $1 and ${column} = $2 and released_at is null returning 1`,
      [decision.domain, subject, new Date(decision.atMs), decision.who, decision.reason],
    );
    if (released.length === 0) return false;
    await recordOperatorDecision(tx, `hold release: ${kind}`, subject, decision);
    return true;
  });
}
