import { Fault } from "../core/fault.ts";
import type { Sql, Store } from "../ports/store.ts";

/** What the first migration was called before the first release, which begins with others. */
const FORMER_FIRST = "0001_runtime.sql";
const NAMED_MAX = 5;

const REMEDY = {
  pglite:
    "move the data folder away (.rollcall, or the one in ROLLCALL_DATA_DIR), or set ROLLCALL_DATA_DIR to another one",
  postgres: "set DATABASE_URL to a new database, or run `drop schema rollcall cascade` in this one",
} as const;

/**
 * Refuses a store with tables that no migration of this line made: Rollcall stored otherwise before its first release,
 * and nothing leads from there to here. Only reads.
 * @throws Fault STORE_TOO_OLD, not retryable: says what the store has and what to do
 */
export async function refuseFormerStore(store: Store): Promise<void> {
  if (await hasMigrations(store)) {
    const migrations = await formerMigrations(store);
    if (migrations.length > 0)
      throw tooOld(
        store,
        "this store was made by Rollcall before its first release, which stored otherwise: it has the migrations " +
          named(migrations),
      );
    return;
  }
  const tables = await tablesOf(store);
  if (tables.length > 0)
    throw tooOld(
      store,
      "the schema rollcall has tables that are not this version's: there is no record of the migrations that made " +
        `them. They are ${named(tables)}`,
    );
}

function tooOld({ kind }: Store, what: string): Fault {
  const text =
    `${what}. Nothing was changed in it. Export what you want to keep with the version that made it (rollcall replay ` +
    `--export FILE), then ${REMEDY[kind]}`;
  return new Fault("STORE_TOO_OLD", text, { retryable: false });
}

export async function hasMigrations(sql: Sql): Promise<boolean> {
  return (await sql.query("select 1 where to_regclass('rollcall.migration') is not null")).length > 0;
}

async function formerMigrations(sql: Sql): Promise<string[]> {
  const rows = await sql.query<{ name: string }>(
    `select scope || '/' || name as name from rollcall.migration
      where scope = 'runtime' and exists (select from rollcall.migration where scope = 'runtime' and name = $1)
      order by number`,
    [FORMER_FIRST],
  );
  return rows.map(({ name }) => name);
}

/** Of a schema without a record of migrations. */
async function tablesOf(sql: Sql): Promise<string[]> {
  const rows = await sql.query<{ name: string }>(
    `select relname as name from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = relnamespace
      where nspname = 'rollcall' and relkind in ('r', 'p') order by relname`,
  );
  return rows.map(({ name }) => name);
}

const named = (found: readonly string[]): string =>
  found.length > NAMED_MAX
    ? `${found.slice(0, NAMED_MAX).join(", ")} and ${found.length - NAMED_MAX} more`
    : found.join(", ");
