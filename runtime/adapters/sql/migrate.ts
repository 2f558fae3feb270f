import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Fault } from "../../core/fault.ts";
import type { Sql, Store } from "../../ports/store.ts";
import { refuseFormerStore } from "../former-store.ts";
import { endsSession, sqlStateOf } from "./sql-fault.ts";

/** A folder of files NNNN_name.sql. Each scope has its own sequence of numbers. */
export interface MigrationSet {
  readonly scope: string;
  readonly directory: URL | string;
  /** A schema of its own, created if missing: there are names that have none. Without it names need their schema. */
  readonly schema?: string;
}

export interface MigrationOptions {
  /** Called inside a migration's transaction after its script; for crash tests. */
  readonly onApplied?: () => void;
  /**
   * Called when a migration of a set with a schema begins, with 0, and of any set every 5 s while it lasts. PGlite runs
   * in this thread, and says nothing while a statement does.
   * @param name `scope/file`
   */
  readonly onProgress?: (name: string, forMs: number) => void;
}

export interface Migration {
  readonly scope: string;
  readonly number: number;
  readonly name: string;
  /** sha-256 of the file, in hex. */
  readonly checksum: string;
}

interface MigrationFile extends Migration {
  readonly path: string;
  readonly text: string;
  readonly schema: string | undefined;
}

/** An arbitrary number that every version of Rollcall must share. */
const lockKey = 7_265_011;
const insufficientPrivilege = "42501";
const progressMs = 5_000;
/**
 * "create schema if not exists" needs the right to create one even if it exists. And to_regnamespace answers from a
 * cache, which on a connection that waited for another's migration is out of date.
 */
const createSchema = (schema: string): string => `
  do $$ begin
    if not exists (select from pg_catalog.pg_namespace where nspname = '${schema}') then
      create schema ${schema};
    end if;
  end $$;`;
/** Creates the table that records which migrations were applied. */
export const MIGRATION_TABLE = `${createSchema("rollcall")}
  create table if not exists rollcall.migration (
    scope text not null,
    number int not null,
    name text not null,
    checksum text not null,
    applied_at timestamptz not null,
    primary key (scope, number)
  );`;

/**
 * Applies the migrations that are missing, set by set in the order of their numbers, each in a transaction of its own.
 * Idempotent; processes that start at once wait for one another. If none is missing the store is only read, so that a
 * role which may only read and write rows can start.
 * @returns the migrations that were applied now
 * @throws Fault MIGRATION_FAILED, not retryable: the database refuses a statement; names file and line, if known
 * @throws Fault MIGRATION_REFUSED, not retryable: a migration is missing, and this role may not change tables
 * @throws Fault MIGRATION_MISMATCH, not retryable: an applied file was changed or does not exist here, or a missing one
 *   is older than an applied one; names the file
 * @throws Fault STORE_TOO_OLD, not retryable: the store is one of before the first release; nothing was written
 */
export async function migrate(
  store: Store,
  sets: readonly MigrationSet[],
  options: MigrationOptions = {},
): Promise<Migration[]> {
  const files = (await Promise.all(sets.map(readSet))).flat();
  const missing = (await refuseFormerStore(store)) ? await missingOf(store, files) : files;
  if (missing.length === 0) return [];
  const applied: Migration[] = [];
  try {
    for (;;) {
      const migration = await store.transaction((tx) => applyNext(store, tx, files, options));
      if (migration === undefined) return applied;
      applied.push(migration);
    }
  } catch (error) {
    if (sqlStateOf(error) !== insufficientPrivilege) throw error;
    const names = missing.map(({ scope, name }) => `${scope}/${name}`).join(", ");
    const text =
      `this role may not change tables (${(error as Fault).message}), and migrations are missing: ${names}. ` +
      "Run `rollcall migrate` as the tables' owner";
    throw new Fault("MIGRATION_REFUSED", text, { retryable: false, cause: error });
  }
}

async function applyNext(
  store: Store,
  tx: Sql,
  files: readonly MigrationFile[],
  { onApplied = () => {}, onProgress = () => {} }: MigrationOptions,
): Promise<Migration | undefined> {
  // Sent as a script because its timeout is long enough to wait for another process's migration. The lock is released
  // with the transaction.
  await store.script(tx, `select pg_advisory_xact_lock(${lockKey})`);
  await store.script(tx, MIGRATION_TABLE);
  const [next] = await missingOf(tx, files);
  if (next === undefined) return undefined;
  const { scope, number, name, checksum, schema, text } = next;
  const beganAtMs = performance.now();
  if (schema !== undefined) {
    onProgress(`${scope}/${name}`, 0);
    await store.script(tx, `${createSchema(schema)} set local search_path to ${schema}`);
  }
  const timer = setInterval(() => onProgress(`${scope}/${name}`, performance.now() - beganAtMs), progressMs);
  try {
    await store.script(tx, text);
  } catch (error) {
    throw failureOf(next, error);
  } finally {
    clearInterval(timer);
  }
  onApplied();
  await tx.query(
    `insert into rollcall.migration (scope, number, name, checksum, applied_at)
     values ($1, $2, $3, $4, clock_timestamp())`,
    [scope, number, name, checksum],
  );
  return { scope, number, name, checksum };
}

/** What the database says of the file; an error that is not the file's is returned unchanged. */
function failureOf({ scope, name, path, text, schema }: MigrationFile, error: unknown): unknown {
  const state = sqlStateOf(error);
  if (state === undefined || state === insufficientPrivilege || endsSession(error)) return error;
  // Both drivers give the position in the whole script, from 1.
  const { message, position } = (error as Fault).cause as { readonly message: string; readonly position?: string };
  const line = position === undefined ? "" : `:${text.slice(0, Number(position) - 1).split("\n").length}`;
  const others = schema === undefined ? "" : ", or serve others without it: --only DOMAINS";
  const what = `the migration ${scope}/${name} fails: ${path}${line}: ${message} (${state})`;
  const remedy = `nothing of this file is applied; correct it${others}`;
  return new Fault("MIGRATION_FAILED", `${what}; ${remedy}`, { retryable: false, cause: error });
}

/** The files that are not applied yet, in order. @throws Fault MIGRATION_MISMATCH */
async function missingOf(sql: Sql, files: readonly MigrationFile[]): Promise<readonly MigrationFile[]> {
  const applied = await sql.query<Migration>(
    "select scope, number, name, checksum from rollcall.migration where scope = any($1::text[]) order by scope, number",
    [[...new Set(files.map(({ scope }) => scope))]],
  );
  const isSame = (one: Migration) => (other: Migration) => one.scope === other.scope && one.number === other.number;
  for (const row of applied) {
    const file = files.find(isSame(row));
    if (file === undefined)
      throw mismatch(row, "was applied by another version of Rollcall and does not exist in this one");
    if (file.checksum !== row.checksum) throw mismatch(file, "was changed after it was applied");
  }
  const missing = files.filter((file) => !applied.some(isSame(file)));
  for (const file of missing) {
    const newest = applied.findLast(({ scope }) => scope === file.scope);
    if (newest !== undefined && file.number < newest.number)
      throw mismatch(file, `is older than number ${newest.number}, which is applied already`);
  }
  return missing;
}

function mismatch({ scope, name }: Migration, what: string): Fault {
  return new Fault("MIGRATION_MISMATCH", `migration ${scope}/${name} ${what}`, { retryable: false });
}

async function readSet({ scope, directory, schema }: MigrationSet): Promise<MigrationFile[]> {
  const folder = directory instanceof URL ? fileURLToPath(directory) : directory;
  const entries = await readdir(folder).catch((error: unknown) => {
    throw new Error(`the migrations of ${scope} can't be read: ${String(error)}`);
  });
  const names = entries.filter((name) => name.endsWith(".sql")).sort();
  const files = await Promise.all(
    names.map(async (name) => {
      const number = /^(\d{4})_[a-z0-9_]+\.sql$/.exec(name)?.[1];
      const path = join(folder, name);
      if (number === undefined) throw new Error(`${path}: a migration is called NNNN_name.sql`);
      const text = await readFile(path, "utf8");
      const checksum = createHash("sha256").update(text).digest("hex");
      return { scope, number: Number(number), name, checksum, path, text, schema };
    }),
  );
  const numbers = new Set(files.map(({ number }) => number));
  if (numbers.size !== files.length) throw new Error(`two migrations in ${folder} have the same number`);
  return files;
}

/**
 * Creates the partitions of the journal and of processed message ids for each of these UTC days, so that a day can be
 * dropped as a whole. A day that already has rows in a default partition gets none there.
 * @param days as 2026-01-31
 * @returns the days of which a partition was created now
 * @throws Fault STORE_UNAVAILABLE, retryable: a turn locked a table for too long
 */
export async function ensureDayPartitions(store: Store, days: readonly string[]): Promise<string[]> {
  const created: string[] = [];
  for (const day of days) {
    const start = new Date(`${day}T00:00:00Z`);
    if (Number.isNaN(start.getTime()) || start.toISOString().slice(0, 10) !== day)
      throw new RangeError(`no day: ${day}`);
    const [row] = await store.query<{ made: boolean }>(
      "select rollcall.create_day_partitions($1::text::date) as made",
      [day],
    );
    if (row?.made === true) created.push(day);
  }
  return created;
}
