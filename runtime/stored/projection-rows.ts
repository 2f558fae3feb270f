import { Fault } from "../core/fault.ts";
import type { Json } from "../core/message.ts";
import type { ProjectionSpec, Row } from "../core/projection.ts";
import { toRfc3339 } from "../core/time.ts";
import type { Sql, SqlValue, Store } from "../ports/store.ts";
import { msOf } from "./ms-of.ts";
import type { RowsQuery } from "../core/rows-query.ts";
import { queryText, selectText } from "./projection-query.ts";
import { versionInUse } from "./projection-tables.ts";
import { quoted, tableOf } from "./projection-writes.ts";

/** A page up to this long is read at once. */
const PAGE_ROWS_MAX = 1_000;
/** So many rows of a longer list are read at once. */
const PIECE_ROWS_MAX = 500;

/**
 * Rows with their entities' columns, all of one moment: up to 1,000 by one statement, more in pieces of 500. The next
 * piece is read when it is asked for, so a slow reader holds back the store and not the memory. Its cursor is open
 * until the last piece was read or the reader returns: with Postgres a connection is in use for so long; PGlite has one
 * connection only, so there the store sets the rows aside first, and turns go on.
 * @throws RowsQueryError; Fault, retryable: STORE_UNAVAILABLE, also between two pieces: what was read until then is
 * not all; PROJECTION_SUPERSEDED, no turn writes the rows of this version any more
 */
export async function* readRows(
  store: Store,
  projection: ProjectionSpec,
  query: RowsQuery,
): AsyncGenerator<readonly Row[], void> {
  const { text, values } = shownText(projection, query);
  const isInUse = assertInUse(store, projection);
  // It is awaited below, unless the rows can't be read.
  isInUse.catch(() => {});
  const pieces =
    (query.limit ?? Infinity) <= PAGE_ROWS_MAX ? oneOf(store, text, values) : piecesOf(store, text, values);
  for await (const piece of pieces) {
    await isInUse;
    yield piece.map((row) => shownRow(projection, row));
  }
  await isInUse;
}

async function assertInUse(sql: Sql, { domain, name, version }: ProjectionSpec): Promise<void> {
  const found = await versionInUse(sql, { domain, name });
  if (found === version) return;
  const inUse = found === undefined ? "no version of it is" : `version ${found} is`;
  const text = `version ${version} of the projection ${name} is not in use any more, ${inUse}: ask again`;
  throw new Fault("PROJECTION_SUPERSEDED", text, { retryable: true });
}

/** How many rows `where` is true for. */
export async function countRows(
  sql: Sql,
  projection: ProjectionSpec,
  { where: conditions }: Pick<RowsQuery, "where">,
): Promise<number> {
  const { where, values } = queryText(projection, { where: conditions, sort: [] });
  const [row] = await sql.query<{ count: number }>(
    `select count(*)::bigint as count from ${tableOf(projection)} t${where}`,
    values,
  );
  return row?.count ?? 0;
}

/**
 * How many of the rows that `readRows` gives are older than their entities, since what their function made of these was
 * refused.
 */
export async function countOlderRows(sql: Sql, projection: ProjectionSpec, query: RowsQuery): Promise<number> {
  const { domain, name, version, key } = projection;
  const faults = `rollcall.projection_fault f where f.domain = $1 and f.projection = $2 and f.version = $3`;
  // Mostly there is none: then no row is looked at.
  const [any] = await sql.query(`select 1 as found from ${faults} limit 1`, [domain, name, version]);
  if (!any) return 0;
  const { where, order, page, values } = queryText(projection, query);
  const shown = `select t.${quoted(key[0] ?? "")} as id from ${tableOf(projection)} t${where}${order}${page}`;
  const at = values.length;
  const [row] = await sql.query<{ count: number }>(
    `select count(*)::bigint as count from (${shown}) as shown where exists
       (select 1 from rollcall.projection_fault f
         where f.domain = $${at + 1} and f.projection = $${at + 2} and f.version = $${at + 3}
           and f.entity_id = shown.id)`,
    [...values, domain, name, version],
  );
  return row?.count ?? 0;
}

type StoredRow = Readonly<Record<string, unknown>>;

/** A row as the store gives it. */
export function rowOf({ columns }: ProjectionSpec, stored: StoredRow): Record<string, Json> {
  const row: Record<string, Json> = {};
  for (const { name } of columns) {
    const value = stored[name] ?? null;
    row[name] = value instanceof Date ? toRfc3339(value.getTime()) : (value as Json);
  }
  return row;
}

/** With a dot, which no column of a projection has in its name. */
const LAST_SEEN = "entity.last_seen";
const DEADLINES = "entity.deadlines";

interface Armed {
  readonly at: number;
  readonly renewedAt: number | null;
}

/** Rows with what their entities' columns are read from. */
function shownText(
  spec: ProjectionSpec,
  query: RowsQuery,
): { readonly text: string; readonly values: readonly SqlValue[] } {
  const { where, order, page, values } = queryText(spec, query);
  const rows = `${selectText(spec)}${where}${order}${page}`;
  if (spec.live.length === 0) return { text: rows, values };
  // The table's own texts are compared by their bytes, with which the index on entities would be of no use.
  const id = `t.${quoted(spec.key[0] ?? "")} collate "default"`;
  const entity =
    `select last_seen, deadlines from rollcall.entity ` +
    `where domain = $${values.push(spec.domain)} and entity_id = ${id} limit 1`;
  const text =
    `select t.*, ${msOf("e.last_seen")} as "${LAST_SEEN}", e.deadlines as "${DEADLINES}" ` +
    // The order is said again, which costs nothing: the server knows that the rows come in it.
    `from (${rows}) as t left join lateral (${entity}) as e on true${order}`;
  return { text, values };
}

function shownRow(spec: ProjectionSpec, stored: StoredRow): Row {
  const row = rowOf(spec, stored);
  if (spec.live.length === 0) return row;
  const lastSeenMs = stored[LAST_SEEN] as number | null;
  const deadlines = JSON.parse((stored[DEADLINES] as string | null) ?? "{}") as Readonly<Record<string, Armed>>;
  for (const { name, deadline, isRenewal } of spec.live) {
    const ms = deadline === undefined ? lastSeenMs : deadlines[deadline]?.[isRenewal ? "renewedAt" : "at"];
    row[name] = ms === undefined || ms === null ? null : toRfc3339(ms);
  }
  return row;
}

async function* oneOf(sql: Sql, text: string, values: readonly SqlValue[]): AsyncGenerator<readonly StoredRow[]> {
  const rows = await sql.query(text, values);
  if (rows.length > 0) yield rows;
}

async function* fetched(sql: Sql, cursor: string): AsyncGenerator<readonly StoredRow[]> {
  for (let length = PIECE_ROWS_MAX; length === PIECE_ROWS_MAX;) {
    const rows = await sql.query(`fetch ${PIECE_ROWS_MAX} from ${cursor}`);
    ({ length } = rows);
    if (length > 0) yield rows;
  }
}

let cursors = 0;

async function* piecesOf(
  store: Store,
  text: string,
  values: readonly SqlValue[],
): AsyncGenerator<readonly StoredRow[]> {
  if (store.kind === "pglite") {
    // Outside of a transaction, which would keep every turn waiting. All cursors are of the one connection.
    const cursor = `rollcall_rows_${++cursors}`;
    await store.query(`declare ${cursor} no scroll cursor with hold for ${text}`, values);
    try {
      yield* fetched(store, cursor);
    } finally {
      await store.query(`close ${cursor}`).catch(() => {});
    }
    return;
  }
  yield* handedOver(async (pieces) => {
    await store.transaction(async (tx) => {
      // One a connection. Its name is always the same, so that the statement's text is one that is known.
      const cursor = "rollcall_rows";
      await tx.query(`declare ${cursor} no scroll cursor for ${text}`, values);
      for await (const piece of fetched(tx, cursor)) if (!(await pieces.give(piece))) return;
    });
  });
}

interface Deferred<Value> {
  readonly promise: Promise<Value>;
  readonly resolve: (value: Value) => void;
  readonly reject: (error: unknown) => void;
}
function deferred<Value>(): Deferred<Value> {
  let [resolve, reject]: [Deferred<Value>["resolve"], Deferred<Value>["reject"]] = [() => {}, () => {}];
  const promise = new Promise<Value>((...settle) => ([resolve, reject] = settle));
  return { promise, resolve, reject };
}

/** What gives pieces, and waits until each was taken. @returns whether more are wanted */
interface Pieces {
  give(piece: readonly StoredRow[]): Promise<boolean>;
}

/** Turns what gives pieces within a call of its own, as a transaction is, into what is asked for them. */
async function* handedOver(work: (pieces: Pieces) => Promise<void>): AsyncGenerator<readonly StoredRow[]> {
  let offered = deferred<readonly StoredRow[] | undefined>();
  let taken = deferred<boolean>();
  const worked = work({
    give: (piece) => {
      offered.resolve(piece);
      return taken.promise;
    },
  }).then(
    () => offered.resolve(undefined),
    (error: unknown) => offered.reject(error),
  );
  try {
    for (let piece = await offered.promise; piece; piece = await offered.promise) {
      yield piece;
      offered = deferred();
      const next = taken;
      taken = deferred();
      next.resolve(true);
    }
  } finally {
    // The reader may have returned: the transaction ends before this does.
    offered.promise.catch(() => {});
    taken.resolve(false);
    await worked;
  }
}
