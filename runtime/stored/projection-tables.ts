import type { ColumnSpec, ProjectionSpec } from "../core/projection.ts";
import type { Sql } from "../ports/store.ts";
import { quoted, SLOT_COLUMN, tableOf } from "./projection-writes.ts";

/** A projection as it is in use: turns of this version alone are committed, and readers go by it. */
export interface StoredProjection {
  readonly name: string;
  readonly version: number;
  readonly layout: string;
  /** The definition that its view shall have, and the one that it has; null: it is not made yet. */
  readonly view: string;
  readonly viewMade: string | null;
}

const COLUMNS = `name, version, layout, view, view_made as "viewMade"`;

export const readProjections = (sql: Sql, domain: string) =>
  sql.query<StoredProjection>(`select ${COLUMNS} from rollcall.projection where domain = $1 order by name`, [domain]);

/** The domains that have any. */
export const domainsWithProjections = (sql: Sql) =>
  sql.query<{ readonly name: string }>(`select distinct domain as name from rollcall.projection order by 1`);

/** @returns of the version in use; undefined: there is none */
export async function versionInUse(
  sql: Sql,
  { domain, name }: Pick<ProjectionSpec, "domain" | "name">,
): Promise<number | undefined> {
  const [row] = await sql.query<{ version: number }>(
    `select version from rollcall.projection where domain = $1 and name = $2`,
    [domain, name],
  );
  return row?.version;
}

/**
 * Lets one process at a time make, drop and put in use tables of projections. An arbitrary number that every version of
 * Rollcall must share.
 */
export const lockTables = (tx: Sql): Promise<unknown> => tx.query("select pg_advisory_xact_lock($1)", [7_265_012]);

/** From now on this version is in use. */
export const putInUse = (tx: Sql, spec: ProjectionSpec): Promise<unknown> =>
  tx.query(
    `insert into rollcall.projection (domain, name, version, layout, view, since)
     values ($1, $2, $3, $4, $5, clock_timestamp())
     on conflict (domain, name) do update set version = excluded.version, layout = excluded.layout,
       view = excluded.view, since = excluded.since`,
    [spec.domain, spec.name, spec.version, spec.layout, viewText(spec)],
  );

export const takeOutOfUse = (tx: Sql, domain: string, name: string): Promise<unknown> =>
  tx.query(`delete from rollcall.projection where domain = $1 and name = $2`, [domain, name]);

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

/** Gives the view another definition; one of the same columns keeps its rights, and what goes by it. */
export async function replaceView(
  tx: Sql,
  { domain, schema, name }: Pick<ProjectionSpec, "domain" | "schema" | "name">,
  text: string,
  { isNew }: { readonly isNew: boolean },
): Promise<void> {
  const view = `${quoted(schema)}.${quoted(name)}`;
  if (isNew) await tx.query(`drop view if exists ${view}`);
  await tx.query(`create ${isNew ? "" : "or replace "}view ${view} as ${text}`);
  await tx.query(`update rollcall.projection set view_made = $3 where domain = $1 and name = $2 and view = $3`, [
    domain,
    name,
    text,
  ]);
}

/** Drops the table of a version, and the view where the projection is in use no more. */
export async function dropVersion(
  tx: Sql,
  of: Pick<ProjectionSpec, "domain" | "schema" | "name" | "version">,
): Promise<void> {
  if ((await versionInUse(tx, of)) === undefined)
    await tx.query(`drop view if exists ${quoted(of.schema)}.${quoted(of.name)}`);
  await tx.query(`drop table if exists ${tableOf(of)}`);
  for (const table of ["projection_fault", "projection_table"])
    await tx.query(
      `delete from rollcall.${table} where domain = $1 and ${table === "projection_fault" ? "projection" : "name"} = $2
         and version = $3`,
      [of.domain, of.name, of.version],
    );
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
  await tx.query(`delete from rollcall.projection_table where domain = $1 and name = $2`, [domain, name]);
  await takeOutOfUse(tx, domain, name);
}
