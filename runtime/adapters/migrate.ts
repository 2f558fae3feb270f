import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Fault } from "../core/fault.ts";
import type { Sql, Store } from "../ports/store.ts";
import { sqlStateOf } from "./sql-fault.ts";

/** A folder of NNNN_name.sql files; its numbers are counted on their own. */
export interface MigrationSet {
  readonly scope: string;
  readonly directory: URL | string;
}

export interface Migration {
  readonly scope: string;
  readonly number: number;
  readonly name: string;
  /** sha-256 of the file, in hex. */
  readonly checksum: string;
}

type MigrationFile = Migration & { readonly text: string };

/** Any number, as long as every Rollcall uses the same. */
const lockKey = 7_265_011;
const createTable = `
  create schema if not exists rollcall;
  create table if not exists rollcall.migration (
    scope text not null,
    number int not null,
    name text not null,
    checksum text not null,
    applied_at timestamptz not null,
    primary key (scope, number)
  );`;

/**
 * Applies what is missing, set by set and in the order of their numbers, each file in a transaction of its own.
 * Idempotent; processes that start at once wait for one another.
 * @param onApplied inside a file's transaction, when its script has run: for crash tests
 * @returns what was applied
 * @throws Fault MIGRATION_MISMATCH, not retryable: an applied file was changed or is not there, or a missing one is older
 *   than an applied one; names the file
 */
export async function migrate(
  store: Store,
  sets: readonly MigrationSet[],
  onApplied: () => void = () => {},
): Promise<Migration[]> {
  const files = (await Promise.all(sets.map(readSet))).flat();
  const applied: Migration[] = [];
  for (;;) {
    const one = await store.transaction((tx) => applyNext(store, tx, files, onApplied));
    if (one === undefined) return applied;
    applied.push(one);
  }
}

async function applyNext(
  store: Store,
  tx: Sql,
  files: readonly MigrationFile[],
  onApplied: () => void,
): Promise<Migration | undefined> {
  // As a script, which may wait long: another process's migration ends when it ends. Released with the transaction.
  await store.script(tx, `select pg_advisory_xact_lock(${lockKey})`);
  await store.script(tx, createTable);
  const scopes = [...new Set(files.map(({ scope }) => scope))];
  const done = await tx.query<Migration>(
    "select scope, number, name, checksum from rollcall.migration where scope = any($1::text[]) order by scope, number",
    [scopes],
  );
  refuseDifferences(files, done);
  const next = files.find((file) => !done.some((row) => isSame(row, file)));
  if (next === undefined) return undefined;
  const { text, ...migration } = next;
  await store.script(tx, text);
  onApplied();
  await tx.query(
    `insert into rollcall.migration (scope, number, name, checksum, applied_at)
     values ($1, $2, $3, $4, clock_timestamp())`,
    [migration.scope, migration.number, migration.name, migration.checksum],
  );
  return migration;
}

const isSame = (one: Migration, other: Migration): boolean => one.scope === other.scope && one.number === other.number;

function refuseDifferences(files: readonly MigrationFile[], done: readonly Migration[]): void {
  for (const row of done) {
    const file = files.find((candidate) => isSame(row, candidate));
    if (file === undefined)
      throw mismatch(row, "was applied by another version of Rollcall and is unknown to this one");
    if (file.checksum !== row.checksum) throw mismatch(file, "was changed after it was applied");
  }
  for (const file of files) {
    const newest = Math.max(0, ...done.filter(({ scope }) => scope === file.scope).map(({ number }) => number));
    if (file.number < newest && !done.some((row) => isSame(row, file)))
      throw mismatch(file, `is older than number ${newest}, which is applied already`);
  }
}

function mismatch({ scope, name }: Migration, what: string): Fault {
  return new Fault("MIGRATION_MISMATCH", `migration ${scope}/${name} ${what}`, { retryable: false });
}

async function readSet({ scope, directory }: MigrationSet): Promise<MigrationFile[]> {
  const path = directory instanceof URL ? fileURLToPath(directory) : directory;
  const names = (await readdir(path)).filter((name) => name.endsWith(".sql")).sort();
  const files = await Promise.all(names.map((name) => readMigration(scope, join(path, name))));
  const numbers = new Set(files.map(({ number }) => number));
  if (numbers.size !== files.length) throw new Error(`two migrations in ${path} have the same number`);
  return files;
}

async function readMigration(scope: string, path: string): Promise<MigrationFile> {
  const name = basename(path);
  const number = /^(\d{4})_[a-z0-9_]+\.sql$/.exec(name)?.[1];
  if (number === undefined) throw new Error(`${path}: a migration is called NNNN_name.sql`);
  const text = await readFile(path, "utf8");
  return { scope, number: Number(number), name, checksum: createHash("sha256").update(text).digest("hex"), text };
}

const dayMs = 86_400_000;

/**
 * Gives these UTC days of the journal partitions of their own, so that a day can be dropped as a whole. A day that has
 * rows in journal_rest already stays there.
 * @param days as 2026-01-31
 * @returns the days that got one now
 * @throws Fault STORE_UNAVAILABLE, retryable: a turn held the journal for too long
 */
export async function ensureJournalPartitions(store: Store, days: readonly string[]): Promise<string[]> {
  const made: string[] = [];
  for (const day of days)
    if (await store.transaction((tx) => makePartition(tx, day)).catch(unlessTaken)) made.push(day);
  return made;
}

async function makePartition(tx: Sql, day: string): Promise<boolean> {
  const start = new Date(`${day}T00:00:00Z`);
  if (Number.isNaN(start.getTime()) || start.toISOString().slice(0, 10) !== day) throw new RangeError(`no day: ${day}`);
  const table = `rollcall.journal_${day.replaceAll("-", "")}`;
  const end = new Date(start.getTime() + dayMs);
  await tx.query(`select pg_advisory_xact_lock(${lockKey})`);
  const [known] = await tx.query("select 1 where to_regclass($1) is not null", [table]);
  if (known !== undefined) return false;
  // Whoever waits for the journal's lock keeps every later turn waiting too.
  await tx.query("set local lock_timeout to 2000");
  // Attaching a table locks the journal less than creating a partition in place.
  await tx.query(`create table ${table} (like rollcall.journal including all)`);
  const range = `from ('${start.toISOString()}') to ('${end.toISOString()}')`;
  await tx.query(`alter table rollcall.journal attach partition ${table} for values ${range}`);
  return true;
}

/** journal_rest has rows of that day. */
function unlessTaken(error: unknown): boolean {
  if (sqlStateOf(error) === "23514") return false;
  throw error;
}
