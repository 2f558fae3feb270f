import type { Sql } from "../ports/store.ts";

/** Stored for good in rollcall.operator_decision. */
export interface OperatorDecision {
  readonly domain: string;
  /** Who decided, as the request shows it. */
  readonly who: string;
  readonly reason: string | null;
  /** Broker time, ms since the epoch. */
  readonly atMs: number;
}

/** @param sql the transaction of what the decision changes, where there is one */
export async function recordOperatorDecision(
  sql: Sql,
  command: string,
  subject: string,
  { domain, who, reason, atMs }: OperatorDecision,
): Promise<void> {
  await sql.query(
    `insert into rollcall.operator_decision (at, domain, command, subject, who, reason)
     values ($1, $2, $3, $4, $5, $6)`,
    [new Date(atMs), domain, command, subject, who, reason],
  );
}
