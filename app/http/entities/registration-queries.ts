import type { Entity } from "../../../runtime/core/entity.ts";
import type { Sql, SqlValue } from "../../../runtime/ports/store.ts";
import { ENTITY_COLUMNS } from "../../../runtime/shell/turns/entity-row.ts";

export interface RegistrationFilter {
  readonly state?: string | undefined;
  readonly reducerState?: string | undefined;
  readonly nodeType?: string | undefined;
  readonly capability?: string | undefined;
  /** A part of the id or the name, in any case. */
  readonly text?: string | undefined;
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
  { state, reducerState, nodeType, capability, text }: RegistrationFilter,
  values: SqlValue[],
): string {
  const bind = (condition: string, value: string | undefined): string[] =>
    value === undefined ? [] : [condition.replaceAll("$?", `$${values.push(value)}`)];
  return [
    "state is not null",
    ...bind("state = $?", state),
    ...bind("reducer_state = $?", reducerState),
    ...bind("data->'node'->>'node_type' = $?", nodeType),
    ...bind("(data->'node'->'capabilities')::jsonb @> to_jsonb($?::text)", capability),
    ...bind(
      "(position(lower($?) in lower(entity_id)) > 0 or position(lower($?) in " +
        "lower(coalesce(data->'node'->>'node_name', ''))) > 0)",
      text,
    ),
  ].join(" and ");
}

export const readRegistrations = (sql: Sql, domain: string, nodeIds: readonly string[]): Promise<Entity[]> =>
  sql.query<Entity>(`select ${ENTITY_COLUMNS} from rollcall.entity where domain = $1 and entity_id = any($2::text[])`, [
    domain,
    nodeIds,
  ]);
