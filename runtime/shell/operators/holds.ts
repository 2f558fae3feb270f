import type { Sql, Store } from "../../ports/store.ts";
import { msOf } from "../../stored/ms-of.ts";
import { recordOperatorDecision, type OperatorDecision } from "../../stored/operator-decisions.ts";

/** Times in ms since the epoch, broker time. */
interface Hold {
  readonly heldAtMs: number;
  /** Null while the hold is in force. */
  readonly releasedAtMs: number | null;
  /** Null: it ended without an operator. */
  readonly releasedBy: string | null;
  readonly reason: string | null;
  readonly total: number;
}

/** A row of rollcall.expiry_hold. */
export interface ExpiryHold extends Hold {
  readonly state: string;
  /** How many entities of `total` would have expired at once when it began. */
  readonly entities: number;
}

/** A row of rollcall.deletion_hold. */
export interface DeletionHold extends Hold {
  readonly backend: string;
  /** How many entries of `total` would have been deleted when it began. */
  readonly deletions: number;
}

const HOLD_COLUMNS =
  `${msOf("held_at")} as "heldAtMs", ` +
  `${msOf("released_at")} as "releasedAtMs", released_by as "releasedBy", reason, total`;

export const expiryHolds = (sql: Sql, domain: string): Promise<ExpiryHold[]> =>
  sql.query<ExpiryHold>(
    `select state, entities, ${HOLD_COLUMNS} from rollcall.expiry_hold where domain = $1 order by state`,
    [domain],
  );

export const deletionHolds = (sql: Sql, domain: string): Promise<DeletionHold[]> =>
  sql.query<DeletionHold>(
    `select backend, deletions, ${HOLD_COLUMNS} from rollcall.deletion_hold where domain = $1 order by backend`,
    [domain],
  );

/**
 * Lets the held entities of a state expire at once, or a backend's reconciliation delete what it waits for. The
 * decision is recorded in the transaction that releases the hold: neither is stored without the other.
 * @param subject the state or the backend
 * @returns whether there was a hold
 */
export function releaseHold(
  store: Store,
  kind: "expiry" | "deletion",
  subject: string,
  decision: OperatorDecision,
): Promise<boolean> {
  return store.transaction(async (tx) => {
    const released = await tx.query(
      `update rollcall.${kind}_hold set released_at = $3, released_by = $4, reason = $5
        where domain = $1 and ${kind === "expiry" ? "state" : "backend"} = $2 and released_at is null returning 1`,
      [decision.domain, subject, new Date(decision.atMs), decision.who, decision.reason],
    );
    if (released.length === 0) return false;
    await recordOperatorDecision(tx, `hold release: ${kind}`, subject, decision);
    return true;
  });
}
