import type { Sql } from "../../ports/store.ts";

/** An operator's decision, kept for good. */
export interface OperatorDecision {
  readonly domain: string;
  /** As the request shows it. */
  readonly who: string;
  readonly reason: string | null;
  /** Broker time, ms since the epoch. */
  readonly atMs: number;
}

/** Writes it down, in the transaction of what it does where that is one. */
export async function recordOperatorDecision(
  sql: Sql,
  command: string,
  subject: string,
  { domain, who, reason, atMs }: OperatorDecision,
): Promise<void> {
  await sql.query(
    "insert into rollcall.operator_decision (at, domain, command, subject, who, reason) values ($1, $2, $3, " +
      "$4, $5, $6)",
    [new Date(atMs), domain, command, subject, who, reason],
  );
}
