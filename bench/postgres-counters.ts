import pg from "pg";

/** How far Postgres' log is: bytes, of the whole server. */
export const walBytes = (url: string): Promise<number> =>
  numberOf(url, "select pg_current_wal_lsn() - '0/0'::pg_lsn as number");

/**
 * Rows inserted, updated and deleted in all tables of a database, whatever they are. A connection tells its own once it
 * has ended, or `STATISTICS_TOLD_MS` after it was last used.
 */
export const rowsWritten = (url: string): Promise<number> =>
  numberOf(url, "select coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0) as number from pg_stat_user_tables");

/** Of an idle connection: its limit in Postgres is 10 s. */
export const STATISTICS_TOLD_MS = 11_000;

/** What is written after it writes each page in full once more: measurements that begin with it are alike. */
export const checkpoint = async (url: string): Promise<void> => void (await query(url, "checkpoint"));

const numberOf = async (url: string, text: string): Promise<number> => Number((await query(url, text))[0]?.["number"]);

/** Over a connection of its own. */
export async function query(url: string, text: string): Promise<Record<string, string>[]> {
  const client = new pg.Client(url);
  await client.connect();
  const { rows } = await client.query<Record<string, string>>(text);
  await client.end();
  return rows;
}
