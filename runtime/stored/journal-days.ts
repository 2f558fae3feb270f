import { Fault } from "../core/fault.ts";
import { dayBeginMs } from "../core/time.ts";
import type { Sql } from "../ports/store.ts";

/** A partition of a domain that still needs lines of a day. */
export interface DayReader {
  readonly domain: string;
  readonly partition: number;
  /** From this line on it may have something to publish. */
  readonly publishFrom: number;
  /** From this line on it may have an intent to carry out. */
  readonly pendingFrom: number;
}

/** The days that the journal has a partition of the table for, as 2026-01-31, the earliest first. */
export async function journalDays(sql: Sql): Promise<string[]> {
  const rows = await sql.query<{ name: string }>(
    `select c.relname::text as name from pg_catalog.pg_inherits i join pg_catalog.pg_class c on c.oid = i.inhrelid
      where i.inhparent = 'rollcall.turn'::regclass and c.relname ~ '^turn_[0-9]{8}$' order by 1`,
  );
  return rows.map(({ name }) => name.replace(/^turn_(\d{4})(\d\d)(\d\d)$/, "$1-$2-$3"));
}

const nextDay = (day: string): Date => new Date(dayBeginMs(day) + 86_400_000);

/**
 * Who still needs lines of a day, or of one before it: what they have to publish or to carry out is told by them alone.
 * Intents with rows of their own need none. Of the domains that nobody serves too: they go on with it one day.
 */
export const readersOfDay = (sql: Sql, day: string): Promise<DayReader[]> =>
  sql.query<DayReader>(
    `select o.domain, o.partition, o.published_seq + 1 as "publishFrom", o.pending_seq as "pendingFrom"
       from rollcall.partition_owner o
      cross join lateral (
        select t.last_seq from rollcall.turn t
         where t.domain = o.domain and t.partition = o.partition and t.at < $1 order by t.seq desc limit 1) as t
      where least(o.published_seq + 1, o.pending_seq) <= t.last_seq order by o.domain, o.partition`,
    [nextDay(day)],
  );

/**
 * Takes a day out of the journal; the days before it are out already.
 * @returns false: a turn or a reader holds the table. It may be tried again
 */
export async function dropJournalDay(sql: Sql, day: string): Promise<boolean> {
  try {
    await sql.query(`select rollcall.detach_turn_day($1::text::date)`, [day]);
  } catch (error) {
    if (error instanceof Fault && error.retryable) return false;
    throw error;
  }
  await sql.query(`select rollcall.drop_detached_days()`);
  // Rows of a day that got no partition of its own.
  await sql.query(`delete from rollcall.turn_default where at < $1`, [nextDay(day)]);
  return true;
}

/**
 * The first day of a domain's journal, as 2026-01-31, if lines before it were dropped; today, if none is left.
 * @param position how far each partition was read: then only lines behind it count
 */
export async function firstDayAfterDropped(
  sql: Sql,
  domain: string,
  position: readonly number[] = [],
): Promise<string | undefined> {
  const [first] = await sql.query<{ at: Date | null; dropped: boolean | null }>(
    `select coalesce(min(t.at), now()) as at,
            bool_or(coalesce(t.seq, o.next_seq) > coalesce(($2::bigint[])[o.partition + 1], 0) + 1) as dropped
       from rollcall.partition_owner o
       left join lateral (
        select t.seq, t.at from rollcall.turn t
         where t.domain = o.domain and t.partition = o.partition order by t.seq limit 1) as t on true
      where o.domain = $1`,
    [domain, position],
  );
  return first?.dropped && first.at ? first.at.toISOString().slice(0, 10) : undefined;
}
