import type { ColumnSpec, ProjectionSpec } from "../core/projection.ts";
import type { Sql } from "../ports/store.ts";
import { quoted, SLOT_COLUMN, tableOf } from "./projection-writes.ts";

/** What the store has of a projection. */
export interface StoredProjection {
  readonly name: string;
  readonly version: number;
  readonly layout: string;
  /** The definition of its view; null: it is not made yet. */
  readonly view: string | null;
  /** Entities up to this id have their rows; null: all have. */
  readonly filledTo: string | null;
}

export const readProjections = (sql: Sql, domain: string) =>
  sql.query<StoredProjection>(
    `select name, version, layout, view, filled_to as "filledTo" from rollcall.projection
      where domain = $1 order by name`,
    [domain],
  );

/** The domains that have any. */
export const domainsWithProjections = (sql: Sql) =>
  sql.query<{ readonly name: string }>(`select distinct domain as name from rollcall.projection order by 1`);

/** Its row, locked until the transaction ends. */
export async function lockProjection(
  tx: Sql,
  { domain, name }: Pick<ProjectionSpec, "domain" | "name">,
): Promise<StoredProjection | undefined> {
  const [row] = await tx.query<StoredProjection>(
    `select name, version, layout, view, filled_to as "filledTo" from rollcall.projection
      where domain = $1 and name = $2 for update`,
    [domain, name],
  );
  return row;
}

/** @param filledTo as `StoredProjection` */
export const writeProjection = (
  tx: Sql,
  { domain, name, version, layout }: ProjectionSpec,
  filledTo: string | null,
): Promise<unknown> =>
  tx.query(
    `insert into rollcall.projection (domain, name, version, layout, filled_to, since)
     values ($1, $2, $3, $4, $5::text, clock_timestamp())
     on conflict (domain, name) do update set version = excluded.version, layout = excluded.layout,
       filled_to = excluded.filled_to, since = excluded.since, view = null`,
    [domain, name, version, layout, filledTo],
  );

export const writeFilledTo = (
  tx: Sql,
  { domain, name }: Pick<ProjectionSpec, "domain" | "name">,
  filledTo: string | null,
): Promise<unknown> =>
  tx.query(`update rollcall.projection set filled_to = $3::text where domain = $1 and name = $2`, [
    domain,
    name,
    filledTo,
  ]);

const columnText = ({ name, type, nullable }: ColumnSpec): string =>
  // By code points: one order in every database, in which a text's beginnings are a range.
  `${quoted(name)} ${type}${type === "text" ? ' collate "C"' : ""}${nullable ? "" : " not null"}`;

const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** The statements that make the table, in order; one that is there is of a change that was not finished. */
export function tableStatements(spec: ProjectionSpec): readonly string[] {
  const { schema, key, columns, kind } = spec;
  const table = tableOf(spec);
  const all = columns.map(columnText);
  const primary = kind === "log" ? [quoted(key[0] ?? ""), SLOT_COLUMN] : key.map(quoted);
  if (kind === "log") all.push(`${SLOT_COLUMN} bigint not null`);
  const indexes = columns.flatMap(({ name, index }) => {
    if (index === "gin") return [`create index on ${table} using gin (${quoted(name)})`];
    const own = [name, ...key.filter((column) => column !== name)].map(quoted);
    return index === "btree" ? [`create index on ${table} (${own.join(", ")})`] : [];
  });
  return [
    // "if not exists" needs the right to create one even where it is there.
    `do $$ begin
       if to_regnamespace(${literal(quoted(schema))}) is null then create schema ${quoted(schema)}; end if;
     end $$`,
    `drop table if exists ${table}`,
    // Room on each page, so that an update of columns without an index stays on its page.
    `create table ${table} (${all.join(", ")}, primary key (${primary.join(", ")}))` +
      (kind === "log" ? "" : " with (fillfactor = 80)"),
    ...indexes,
  ];
}

/** The rows for people and their SQL, under a name that stays when the version changes. */
export function viewText(spec: ProjectionSpec): string {
  const { domain, key, columns, live } = spec;
  const own = columns.map(({ name }) => `t.${quoted(name)}`);
  if (live.length === 0) return `select ${own.join(", ")} from ${tableOf(spec)} t`;
  const read = live.map(({ name, deadline, isRenewal }) => {
    const field = literal(isRenewal ? "renewedAt" : "at");
    const at = `(e.deadlines::json -> ${literal(deadline ?? "")} ->> ${field})::float8`;
    return `${deadline === undefined ? "e.last_seen" : `to_timestamp(${at} / 1000)`} as ${quoted(name)}`;
  });
  return (
    `select ${[...own, ...read].join(", ")} from ${tableOf(spec)} t ` +
    `left join rollcall.entity e on e.domain = ${literal(domain)} and e.entity_id = t.${quoted(key[0] ?? "")}`
  );
}

/** Puts the view on the current table, and drops those of other versions. */
export async function replaceView(tx: Sql, spec: ProjectionSpec): Promise<void> {
  const { domain, schema, name } = spec;
  const view = `${quoted(schema)}.${quoted(name)}`;
  const text = viewText(spec);
  await tx.query(`drop view if exists ${view}`);
  await tx.query(`create view ${view} as ${text}`);
  for (const version of await tableVersions(tx, spec))
    if (version !== spec.version) await tx.query(`drop table ${tableOf({ ...spec, version })}`);
  await tx.query(`update rollcall.projection set view = $3 where domain = $1 and name = $2`, [domain, name, text]);
}

async function tableVersions(tx: Sql, { schema, name }: Pick<ProjectionSpec, "schema" | "name">): Promise<number[]> {
  const rows = await tx.query<{ table: string }>(
    `select c.relname as "table" from pg_catalog.pg_class c
       join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where n.nspname = $1 and c.relkind = 'r' and c.relname like $2`,
    [schema, `${name.replaceAll("_", "\\_")}\\_v%`],
  );
  return rows.flatMap(({ table }) => {
    const version = table.slice(name.length + 2);
    return /^[0-9]+$/.test(version) ? Number(version) : [];
  });
}

/** Drops what there is of a projection. */
export async function dropProjection(tx: Sql, spec: Pick<ProjectionSpec, "domain" | "schema" | "name">): Promise<void> {
  const { domain, schema, name } = spec;
  await tx.query(`drop view if exists ${quoted(schema)}.${quoted(name)}`);
  for (const version of await tableVersions(tx, spec)) await tx.query(`drop table ${tableOf({ ...spec, version })}`);
  await tx.query(`delete from rollcall.projection_fault where domain = $1 and projection = $2`, [domain, name]);
  await tx.query(`delete from rollcall.projection where domain = $1 and name = $2`, [domain, name]);
}
