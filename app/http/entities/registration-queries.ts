import type { Entity } from "../../../runtime/core/entity.ts";
import { partitionOf } from "../../../runtime/core/murmur2.ts";
import type { Sql, SqlValue } from "../../../runtime/ports/store.ts";
import { ENTITY_COLUMNS } from "../../../runtime/shell/turns/entity-row.ts";
import type { System } from "../../host/compose.ts";
import { notFound } from "../server/problem.ts";

export interface RegistrationFilter {
  readonly state?: string | undefined;
  readonly reducer_state?: string | undefined;
  readonly node_type?: string | undefined;
  readonly capability?: string | undefined;
  /** A part of the id or the name, in any case. */
  readonly q?: string | undefined;
}

/** No query skips or counts more. */
export const SKIP_MAX = 1_000_000;

/** The registrations behind `after`, by node id, without the first `skip`. */
export function findRegistrations(
  sql: Sql,
  domain: string,
  filter: RegistrationFilter,
  page: { readonly after: string; readonly skip: number; readonly limit: number },
): Promise<Entity[]> {
  const values: SqlValue[] = [domain, page.after, page.limit, page.skip];
  return sql.query<Entity>(
    `select ${ENTITY_COLUMNS} from rollcall.entity
      where domain = $1 and entity_id > $2 and ${filterCondition(filter, values)}
      order by entity_id limit $3 offset $4`,
    values,
  );
}

/** How many match; `SKIP_MAX` means that many or more. */
export async function countRegistrations(sql: Sql, domain: string, filter: RegistrationFilter): Promise<number> {
  const values: SqlValue[] = [domain, SKIP_MAX];
  const [row] = await sql.query<{ count: number }>(
    `select count(*)::int as count
       from (select 1 from rollcall.entity where domain = $1 and ${filterCondition(filter, values)} limit $2) as found`,
    values,
  );
  return row?.count ?? 0;
}

/** @param values the filter's values are appended to it */
function filterCondition(
  { state, reducer_state, node_type, capability, q }: RegistrationFilter,
  values: SqlValue[],
): string {
  const bind = (condition: string, value: string | undefined): string[] =>
    value === undefined ? [] : [condition.replaceAll("$?", `$${values.push(value)}`)];
  return [
    "state is not null",
    ...bind("state = $?", state),
    ...bind("reducer_state = $?", reducer_state),
    ...bind("data->'node'->>'node_type' = $?", node_type),
    ...bind("(data->'node'->'capabilities')::jsonb @> to_jsonb($?::text)", capability),
    ...bind(
      "(position(lower($?) in lower(entity_id)) > 0 or position(lower($?) in " +
        "lower(coalesce(data->'node'->>'node_name', ''))) > 0)",
      q,
    ),
  ].join(" and ");
}

export const readRegistrations = (sql: Sql, domain: string, nodeIds: readonly string[]): Promise<Entity[]> =>
  sql.query<Entity>(`select ${ENTITY_COLUMNS} from rollcall.entity where domain = $1 and entity_id = any($2::text[])`, [
    domain,
    nodeIds,
  ]);

/** @throws Problem not-found */
export async function requireRegistration({ store, domain }: System, nodeId: string): Promise<Entity> {
  const [entity] = await readRegistrations(store, domain.name, [nodeId]);
  if (!entity) throw notFound(`no node ${nodeId} is known`);
  return entity;
}

export const nodePartition = ({ runtime }: System, nodeId: string): number =>
  partitionOf(nodeId, Math.max(1, runtime.status().partitions));

/** An intent without an outcome. The tries are this process's: failed calls of other processes are not known here. */
export type PendingIntent = Awaited<ReturnType<typeof readPendingIntents>>[number];

/** The node's intents that are not settled, oldest first. */
export async function readPendingIntents(system: System, nodeId: string) {
  const { store, runtime, domain } = system;
  const rows = await store.query<{ id: string; type: string; target: string; created_at: Date }>(
    `select id, type, target, created_at from rollcall.intent
      where domain = $1 and partition = $2 and entity_id = $3 order by seq`,
    [domain.name, nodePartition(system, nodeId), nodeId],
  );
  const tries = runtime.triesOf(nodeId);
  return rows.map(({ created_at, ...intent }) => ({
    ...intent,
    asked_at: created_at.toISOString(),
    tries: [...(tries.get(intent.id) ?? [])],
  }));
}
