import { Fault } from "../../core/fault.ts";
import { schemaOf } from "../../core/projection.ts";
import type { Sql, Store } from "../../ports/store.ts";
import { type OtherTable, readOtherTables } from "../../stored/projection-fills.ts";
import { fenceOwners, lockPartitions } from "../../stored/partition-owners.ts";
import {
  dropProjection,
  dropVersion,
  lockTables,
  readProjections,
  replaceView,
  type StoredProjection,
  versionInUse,
} from "../../stored/projection-tables.ts";

/** A report that reads a view or a table keeps its lock: turns and lists must not queue behind who waits for it. */
const LOCK_WAIT_MS = 1_000;
/** For so long a table that is in use no more stays, for those who still read it. */
const STAYS_SECONDS = 60;
/** A table that nobody has filled further for so long was given up. */
const GIVEN_UP_SECONDS = 86_400;
/** What `create or replace view` says of other columns. */
const OTHER_COLUMNS = "42P16";

/** The server's code for an error; undefined: it is none of the server's. */
export const sqlStateOf = (error: unknown): string | undefined =>
  error instanceof Fault ? (error.cause as { readonly code?: string } | undefined)?.code : undefined;

/**
 * What is done behind a change: views go by the tables in use, and tables that are in use no more are dropped. Each is
 * a transaction of its own, and is left for the next time when others hold it, or this role may not do it.
 * @returns whether nothing is left
 */
export async function finishProjections(store: Store, domain: string): Promise<boolean> {
  const inUse = await readProjections(store, domain);
  const shown = new Set<string>();
  for (const stored of inUse) if (await hasItsView(store, domain, stored)) shown.add(stored.name);
  let left = inUse.length - shown.size;
  for (const table of await readOtherTables(store, domain)) {
    const current = inUse.find(({ name }) => name === table.name);
    const isFree = !current || shown.has(table.name);
    if (!canGo(table, current?.version) || !isFree || !(await isDropped(store, domain, table))) left++;
  }
  return left === 0;
}

/** @param inUse the version that is; undefined: none is */
function canGo({ isFilled, version, idleSeconds, leftSeconds }: OtherTable, inUse: number | undefined): boolean {
  if (!isFilled) return leftSeconds > STAYS_SECONDS;
  return (inUse !== undefined && inUse > version) || idleSeconds > GIVEN_UP_SECONDS;
}

async function hasItsView(store: Store, domain: string, { name, view, viewMade }: StoredProjection): Promise<boolean> {
  if (view === viewMade) return true;
  const of = { domain, schema: schemaOf(domain), name };
  const replace = (isNew: boolean) => tried(store, (tx) => replaceView(tx, of, view, { isNew }));
  const error = await replace(false);
  if (error === undefined) return true;
  return sqlStateOf(error) === OTHER_COLUMNS && (await replace(true)) === undefined;
}

async function isDropped(store: Store, domain: string, { name, version }: OtherTable): Promise<boolean> {
  const error = await tried(store, async (tx) => {
    await lockTables(tx);
    const of = { domain, schema: schemaOf(domain), name, version };
    // It may have been begun anew meanwhile.
    const table = (await readOtherTables(tx, domain)).find((each) => each.name === name && each.version === version);
    if (table && canGo(table, await versionInUse(tx, of))) await dropVersion(tx, of);
  });
  return error === undefined;
}

/**
 * Drops all of a projection. A process that serves it takes no partition before it runs contracts without it, or has
 * made it anew.
 */
export async function dropServed(tx: Sql, domain: string, name: string): Promise<void> {
  await lockPartitions(tx, domain);
  await fenceOwners(tx, domain);
  await dropProjection(tx, { domain, schema: schemaOf(domain), name });
}

/** @returns why the server has not done it; undefined: it has */
async function tried(store: Store, work: (tx: Sql) => Promise<void>): Promise<Fault | undefined> {
  try {
    await store.transaction(async (tx) => {
      await tx.query(`set local lock_timeout to ${LOCK_WAIT_MS}`);
      await work(tx);
    });
    return undefined;
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
}
