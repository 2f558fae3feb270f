import type { ProjectionSpec } from "../core/projection.ts";
import type { Sql } from "../ports/store.ts";
import { msOf } from "./ms-of.ts";
import { readLines } from "./turns.ts";

/** By partition the first line that was not looked at yet. */
export type NextLines = Readonly<Record<string, number>>;

/** A table that is being filled while another version is in use. */
export interface Fill {
  readonly layout: string;
  /** Entities up to this id were copied; null: all were. */
  readonly copiedTo: string | null;
  /** Their rows may lack what these lines, and those behind them, have changed. */
  readonly nextLines: NextLines;
}

type OfProjection = Pick<ProjectionSpec, "domain" | "name" | "version">;

/** Its row, locked until the transaction ends: of those who fill it each goes on where the one before has ended. */
export async function lockFill(tx: Sql, { domain, name, version }: OfProjection): Promise<Fill | undefined> {
  const [row] = await tx.query<{ layout: string; copiedTo: string | null; nextLines: string }>(
    `select layout, copied_to as "copiedTo", next_lines as "nextLines" from rollcall.projection_table
      where domain = $1 and name = $2 and version = $3 and left_at is null for update`,
    [domain, name, version],
  );
  return row && { ...row, nextLines: JSON.parse(row.nextLines) as NextLines };
}

export const addFill = (
  tx: Sql,
  { domain, name, version, layout }: OfProjection & Pick<ProjectionSpec, "layout">,
  nextLines: NextLines,
): Promise<unknown> =>
  tx.query(
    `insert into rollcall.projection_table
       (domain, name, version, layout, copied_to, next_lines, since, filled_at)
     values ($1, $2, $3, $4, '', $5, clock_timestamp(), clock_timestamp())`,
    [domain, name, version, layout, JSON.stringify(nextLines)],
  );

export const writeFill = (
  tx: Sql,
  { domain, name, version }: OfProjection,
  { copiedTo, nextLines }: Pick<Fill, "copiedTo" | "nextLines">,
): Promise<unknown> =>
  tx.query(
    `update rollcall.projection_table set copied_to = $4, next_lines = $5, filled_at = clock_timestamp()
      where domain = $1 and name = $2 and version = $3`,
    [domain, name, version, copiedTo, JSON.stringify(nextLines)],
  );

export const removeFill = (tx: Sql, { domain, name, version }: OfProjection): Promise<unknown> =>
  tx.query(`delete from rollcall.projection_table where domain = $1 and name = $2 and version = $3`, [
    domain,
    name,
    version,
  ]);

/** A version that was in use: its table stays for a minute, for those who still read it. */
export const leaveTable = (
  tx: Sql,
  { domain, name, version, layout }: OfProjection & Pick<ProjectionSpec, "layout">,
): Promise<unknown> =>
  tx.query(
    `insert into rollcall.projection_table
       (domain, name, version, layout, next_lines, left_at, since, filled_at)
     values ($1, $2, $3, $4, '{}', clock_timestamp(), clock_timestamp(), clock_timestamp())`,
    [domain, name, version, layout],
  );

/** A table of which the version is not in use. */
export interface OtherTable {
  readonly name: string;
  readonly version: number;
  /** Whether it is being filled; it was in use otherwise. */
  readonly isFilled: boolean;
  /** Entities up to this id were copied; null: all were. */
  readonly copiedTo: string | null;
  /** Since it is in use no more; 0: it is being filled. */
  readonly leftSeconds: number;
  /** Since it was filled further. */
  readonly idleSeconds: number;
}

export const readOtherTables = (sql: Sql, domain: string) =>
  sql.query<OtherTable>(
    `select name, version, left_at is null as "isFilled", copied_to as "copiedTo",
       coalesce(extract(epoch from clock_timestamp() - left_at)::float8, 0) as "leftSeconds",
       extract(epoch from clock_timestamp() - filled_at)::float8 as "idleSeconds"
       from rollcall.projection_table where domain = $1 order by name, version`,
    [domain],
  );

/** What of a change of projections is not done yet. */
export interface ProjectionChange {
  readonly projection: string;
  /** A table is filled, the view goes by another one, or a table that is in use no more is still there. */
  readonly what: "filled" | "view" | "left";
  readonly version: number;
  /** Ms since the epoch. */
  readonly sinceMs: number;
  /** Since when nobody has filled it further, seconds; 0 otherwise. */
  readonly idleSeconds: number;
}

/** A view, or a table that could go, counts when it was left for longer than a minute. */
export const readProjectionChanges = (sql: Sql, domain: string) =>
  sql.query<ProjectionChange>(
    `select name as projection, case when left_at is null then 'filled' else 'left' end as what, version,
       ${msOf("since")} as "sinceMs",
       case when left_at is null then extract(epoch from clock_timestamp() - filled_at)::float8 else 0 end
         as "idleSeconds"
       from rollcall.projection_table where domain = $1
        and (left_at is null or extract(epoch from clock_timestamp() - left_at) > 120)
     union all
     select name, 'view', version, ${msOf("since")}, 0 from rollcall.projection
      where domain = $1 and view_made is distinct from view
        and extract(epoch from clock_timestamp() - since) > 60
     order by 1, 2, 3`,
    [domain],
  );

/** The entities that a domain's journal names between two places of it. */
export interface NamedEntities {
  readonly ids: ReadonlySet<string>;
  /** Up to where it was read. */
  readonly nextLines: NextLines;
  /** Whether that is the end. */
  readonly isAll: boolean;
}

/**
 * Reads until so many entities are named, a row of the journal more at the most. A partition's lines become visible in
 * the order of their numbers, together with what they say of it: each turn locks the row that has the next number until
 * its transaction ends.
 * @param from a partition that it lacks is read from its beginning
 * @throws Fault JOURNAL_DAMAGED, not retryable: a line is missing, or can't be read
 */
export async function readNamedEntities(
  sql: Sql,
  domain: string,
  { from, to, entitiesMax }: { readonly from: NextLines; readonly to: NextLines; readonly entitiesMax: number },
): Promise<NamedEntities> {
  const ids = new Set<string>();
  const nextLines: Record<string, number> = { ...from };
  for (const [partition, end] of Object.entries(to)) {
    nextLines[partition] ??= 1;
    if (ids.size >= entitiesMax) continue;
    for await (const lines of readLines(sql, domain, Number(partition), { from: nextLines[partition], to: end })) {
      for (const line of lines) if (line.entity_id !== undefined) ids.add(line.entity_id);
      nextLines[partition] = (lines.at(-1)?.seq ?? end - 1) + 1;
      if (ids.size >= entitiesMax) break;
    }
  }
  const isAll = Object.entries(to).every(([partition, end]) => (nextLines[partition] ?? 1) >= end);
  return { ids, nextLines, isAll };
}
