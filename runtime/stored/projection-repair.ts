import type { ProjectionSpec, Row } from "../core/projection.ts";
import type { Sql } from "../ports/store.ts";
import { rowOf } from "./projection-rows.ts";
import { selectText } from "./projection-query.ts";
import { quoted, tableOf } from "./projection-writes.ts";

// An entity and its rows are written and deleted by one transaction. So what one statement finds of the one without the
// other is wrong, whatever turns do meanwhile.

/** Rows of entities that are not there. */
const leftRows = (spec: ProjectionSpec): string =>
  `${tableOf(spec)} t where not exists (select 1 from rollcall.entity e
     where e.domain = $1 and e.entity_id = t.${quoted(spec.key[0] ?? "")})`;

/** Deletes rows and faults of entities that are not there. */
export async function removeLeftRows(sql: Sql, spec: ProjectionSpec): Promise<void> {
  await sql.query(`delete from ${leftRows(spec)}`, [spec.domain]);
  await sql.query(
    `delete from rollcall.projection_fault f where f.domain = $1 and f.projection = $2 and f.version = $3
       and not exists (select 1 from rollcall.entity e where e.domain = $1 and e.entity_id = f.entity_id)`,
    [spec.domain, spec.name, spec.version],
  );
}

/** Some of the ids of entities that are not there, and have rows. */
export async function findLeftIds(sql: Sql, spec: ProjectionSpec, limit: number): Promise<readonly string[]> {
  const rows = await sql.query<{ id: string }>(
    `select distinct t.${quoted(spec.key[0] ?? "")} as id from ${leftRows(spec)} limit ${limit}`,
    [spec.domain],
  );
  return rows.map(({ id }) => id);
}

/** All rows of these entities, by entity. */
export async function readRowsOf(
  sql: Sql,
  spec: ProjectionSpec,
  ids: readonly string[],
): Promise<ReadonlyMap<string, readonly Row[]>> {
  const id = spec.key[0] ?? "";
  const rows = new Map<string, Row[]>();
  for (const stored of await sql.query(`${selectText(spec)} where t.${quoted(id)} = any($1::text[])`, [ids])) {
    const row = rowOf(spec, stored);
    const entity = String(row[id]);
    const known = rows.get(entity);
    if (known) known.push(row);
    else rows.set(entity, [row]);
  }
  return rows;
}
