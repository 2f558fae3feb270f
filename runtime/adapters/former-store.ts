import { Fault } from "../core/fault.ts";
import type { Sql, Store } from "../ports/store.ts";

/** Empty unless the first migration is the one of a store from before the first release. */
const FORMER_MIGRATIONS = `
  select scope || '/' || name as name from rollcall.migration
  where scope = 'runtime'
    and exists (select from rollcall.migration where scope = 'runtime' and name = '0001_runtime.sql')
  order by number`;
const TABLES = `
  select relname as name from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = relnamespace
  where nspname = 'rollcall' and relkind in ('r', 'p') order by relname`;
const NAMED_MAX = 5;

const REMEDY = {
  pglite:
    "move the data folder away (.rollcall, or the one in ROLLCALL_DATA_DIR), or set ROLLCALL_DATA_DIR to another one",
  postgres: "set DATABASE_URL to a new database, or run `drop schema rollcall cascade` in this one",
} as const;

/**
 * Refuses a store from before the first release, whose tables were others and can't be migrated. Only reads.
 * @returns whether migrations were applied
 * @throws Fault STORE_TOO_OLD, not retryable: names what the store contains and the remedy
 */
export async function refuseFormerStore(store: Store): Promise<boolean> {
  // One statement tells whether there are tables and whether they are recorded: another process may be migrating now.
  const tables = await namesFrom(store, TABLES);
  const isRecorded = tables.includes("migration");
  const found = isRecorded ? await namesFrom(store, FORMER_MIGRATIONS) : tables;
  if (found.length === 0) return isRecorded;
  const what = isRecorded
    ? "this store was created by Rollcall before its first release, in another format: it has the migrations"
    : "the schema rollcall has tables without a record of the migrations that created them:";
  const more = found.length > NAMED_MAX ? ` and ${found.length - NAMED_MAX} more` : "";
  const names = `${found.slice(0, NAMED_MAX).join(", ")}${more}`;
  const text =
    `${what} ${names}. Nothing was changed in it. To keep data, export it with the version that created the store ` +
    `(rollcall replay --export FILE); then ${REMEDY[store.kind]}`;
  throw new Fault("STORE_TOO_OLD", text, { retryable: false });
}

const namesFrom = async (sql: Sql, query: string): Promise<string[]> =>
  (await sql.query<{ name: string }>(query)).map(({ name }) => name);
