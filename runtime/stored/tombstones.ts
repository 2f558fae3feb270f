import type { Domain } from "../core/domain.ts";
import { purgedEntity } from "../core/entity.ts";
import { derivedId } from "../core/ids.ts";
import { dayBeginMs } from "../core/time.ts";
import type { Sql } from "../ports/store.ts";
import type { EntityRecord } from "./entities.ts";
import { msOf } from "./ms-of.ts";

/** What is left of a purged entity. */
export interface Tombstone {
  readonly seq: number;
  readonly publishedSeq: number | null;
  /** When it had entered the state in which it ended, ms since the epoch. */
  readonly endedAt: number;
  /** Place of its last line in the journal of its partition. */
  readonly lastLine: number;
  /** The UTC day of that line, ms since the epoch. */
  readonly lastLineMs: number;
}

/** Tombstones that go in one statement. */
const DROPPED_MAX = 1_000;

export const tombstoneKey = (domain: string, entityId: string): string => derivedId("tombstone", domain, entityId);

/** Those of these entities that were purged, in no order. They are in no state, and have their number. */
export async function readPurgedEntities(
  sql: Sql,
  domain: Domain,
  entityIds: readonly string[],
): Promise<EntityRecord[]> {
  const idByKey = new Map(entityIds.map((id) => [tombstoneKey(domain.name, id), id]));
  return (await readRows(sql, [...idByKey.keys()])).map(({ key, lastLine, lastLineMs, ...left }) => ({
    entity: purgedEntity(domain, idByKey.get(key) ?? "", left),
    ...{ lastLine, lastLineMs, lastSeenMs: null },
  }));
}

/** Undefined: there is none, or it is gone. */
export async function readTombstone(sql: Sql, domain: string, entityId: string): Promise<Tombstone | undefined> {
  return (await readRows(sql, [tombstoneKey(domain, entityId)]))[0];
}

async function readRows(sql: Sql, keys: readonly string[]): Promise<(Tombstone & { readonly key: string })[]> {
  const rows = await sql.query<Omit<Tombstone, "lastLineMs"> & { readonly key: string; readonly lastLineOn: string }>(
    `select key, seq, published_seq as "publishedSeq", ${msOf("ended_at")} as "endedAt",
       last_line as "lastLine", last_line_on as "lastLineOn"
       from rollcall.tombstone where key = any($1::uuid[])`,
    [keys],
  );
  return rows.map(({ lastLineOn, ...row }) => ({ ...row, lastLineMs: dayBeginMs(lastLineOn) }));
}

/** Whether any of the domain's entities has left one. */
export async function hasTombstones(sql: Sql, domain: string): Promise<boolean> {
  const rows = await sql.query(`select 1 as found from rollcall.tombstone where domain = $1 limit 1`, [domain]);
  return rows.length > 0;
}

export async function countTombstones(sql: Sql, domain: string): Promise<number> {
  const [row] = await sql.query<{ count: number }>(
    `select count(*)::int as count from rollcall.tombstone where domain = $1`,
    [domain],
  );
  return row?.count ?? 0;
}

/**
 * Drops some of the domain's that are past their day.
 * @param day UTC, as 2026-01-31
 * @returns whether there may be more
 */
export async function dropTombstones(sql: Sql, domain: string, day: string): Promise<boolean> {
  const due = await sql.query<{ key: string }>(
    `select key from rollcall.tombstone where domain = $1 and drop_on <= $2::text::date
      order by drop_on limit ${DROPPED_MAX}`,
    [domain, day],
  );
  // Its day may have moved meanwhile.
  if (due.length > 0)
    await sql.query(`delete from rollcall.tombstone where key = any($1::uuid[]) and drop_on <= $2::text::date`, [
      due.map(({ key }) => key),
      day,
    ]);
  return due.length === DROPPED_MAX;
}
