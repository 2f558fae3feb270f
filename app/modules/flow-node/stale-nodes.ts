import type { Sql } from "../../../runtime/ports/store.ts";
import { type FlowNodeVariables, staleAfterMs } from "./variables.ts";

const STALE_MAX = 1_000;

export type StaleNode = {
  readonly node: string;
  /** RFC 3339. */
  readonly since: string;
  readonly why: "revoked" | "not_alive";
};

/** Those that were revoked, and those that have not been alive for long; the longest ones first. */
export async function staleNodes(sql: Sql, config: object, nowMs: number): Promise<StaleNode[]> {
  const rows = await sql.query<{ node: string; since: Date | string; why: StaleNode["why"] }>(
    `select node, state_since as since, status as why from rollcall_flow_node.nodes
      where status = 'revoked' or (status = 'not_alive' and state_since < $1)
      order by state_since, node limit ${STALE_MAX}`,
    [new Date(nowMs - staleAfterMs(config as FlowNodeVariables))],
  );
  return rows.map(({ node, since, why }) => ({ node, since: new Date(since).toISOString(), why }));
}
