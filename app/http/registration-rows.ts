import type { Entity } from "../../runtime/core/entity.ts";
import type { Sql, SqlValue } from "../../runtime/ports/store.ts";
import { ENTITY_COLUMNS, type EntityRow, entityOf } from "../../runtime/shell/entity-row.ts";

export interface RegistrationFilter {
  readonly state?: string | undefined;
  readonly nodeType?: string | undefined;
  readonly capability?: string | undefined;
  /** A part of the id or the name, in any case. */
  readonly text?: string | undefined;
}

/** The registrations behind `after`, by node id. */
export async function findRegistrations(
  sql: Sql,
  domain: string,
  filter: RegistrationFilter,
  page: { readonly after: string; readonly limit: number },
): Promise<Entity[]> {
  const values: SqlValue[] = [domain, page.after, page.limit];
  const where = (condition: string, value: string | undefined): string =>
    value === undefined ? "" : ` and ${condition.replaceAll("$?", `$${values.push(value)}`)}`;
  const rows = await sql.query<EntityRow>(
    `select ${ENTITY_COLUMNS} from rollcall.entity
      where domain = $1 and entity_id > $2 and state is not null` +
      where("state = $?", filter.state) +
      where("data->'node'->>'node_type' = $?", filter.nodeType) +
      where("(data->'node'->'capabilities')::jsonb @> to_jsonb($?::text)", filter.capability) +
      where(
        "(position(lower($?) in lower(entity_id)) > 0 or position(lower($?) in lower(coalesce(data->'node'->>'node_name', ''))) > 0)",
        filter.text,
      ) +
      ` order by entity_id limit $3`,
    values,
  );
  return rows.map(entityOf);
}

export async function registrationsOf(sql: Sql, domain: string, nodeIds: readonly string[]): Promise<Entity[]> {
  const rows = await sql.query<EntityRow>(
    `select ${ENTITY_COLUMNS} from rollcall.entity where domain = $1 and entity_id = any($2::text[])`,
    [domain, nodeIds],
  );
  return rows.map(entityOf);
}
