import type { Json } from "../core/message.ts";
import type { ProjectionSpec, Row } from "../core/projection.ts";
import { toRfc3339 } from "../core/time.ts";
import type { Sql, SqlValue, Store } from "../ports/store.ts";
import { msOf } from "./ms-of.ts";
import type { RowsQuery } from "../core/rows-query.ts";
import { queryText, selectText } from "./projection-query.ts";
import { quoted, tableOf } from "./projection-writes.ts";

/** So many rows are read at once. */
const PIECE_ROWS_MAX = 500;

/**
 * Rows in pieces of at most 500, all of one moment; the next piece is read when it is asked for, so a slow reader holds
 * back the store and not the memory. Columns of the entity are as they are when their piece is read.
 *
 * Up to 500 rows are one statement. Of more a cursor is open until the last piece was read or the reader returns: with
 * Postgres a connection is in use for so long; PGlite has one connection only, so there the store sets the rows aside
 * first, and turns go on.
 * @throws RowsQueryError; Fault STORE_UNAVAILABLE, also between two pieces: what was read until then is not all
 */
export async function* readRows(
  store: Store,
  projection: ProjectionSpec,
  query: RowsQuery,
): AsyncGenerator<readonly Row[], void> {
  const { where, order, page, values } = queryText(projection, query);
  const text = `${selectText(projection)}${where}${order}${page}`;
  const pieces =
    (query.limit ?? Infinity) <= PIECE_ROWS_MAX ? oneOf(store, text, values) : piecesOf(store, text, values);
  for await (const piece of pieces)
    yield await withLive(
      store,
      projection,
      piece.map((row) => rowOf(projection, row)),
    );
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
  const { domain, name, key } = projection;
  const faults = `rollcall.projection_fault f where f.domain = $1 and f.projection = $2`;
  // Mostly there is none: then no row is looked at.
  const [any] = await sql.query(`select 1 as found from ${faults} limit 1`, [domain, name]);
  if (!any) return 0;
  const { where, order, page, values } = queryText(projection, query);
  const shown = `select t.${quoted(key[0] ?? "")} as id from ${tableOf(projection)} t${where}${order}${page}`;
  const at = values.length;
  const [row] = await sql.query<{ count: number }>(
    `select count(*)::bigint as count from (${shown}) as shown where exists
       (select 1 from rollcall.projection_fault f
         where f.domain = $${at + 1} and f.projection = $${at + 2} and f.entity_id = shown.id)`,
    [...values, domain, name],
  );
  return row?.count ?? 0;
}

/** @param key one value for each of its columns */
export async function readRow(sql: Sql, projection: ProjectionSpec, key: readonly Json[]): Promise<Row | undefined> {
  const conditions = projection.key.map((column, at) => ({ column, value: key[at] ?? null }));
  const types = new Map(projection.columns.map(({ name, type }) => [name, type]));
  const where = conditions.map(({ column }, at) => `t.${quoted(column)} = $${at + 1}::${types.get(column) ?? "text"}`);
  const rows = await sql.query(
    `${selectText(projection)} where ${where.join(" and ")}`,
    conditions.map(({ value }) => value as SqlValue),
  );
  const [row] = await withLive(
    sql,
    projection,
    rows.map((each) => rowOf(projection, each)),
  );
  return row;
}

/** A row as the store gives it. */
export function rowOf({ columns }: ProjectionSpec, stored: Readonly<Record<string, unknown>>): Row {
  const row: Record<string, Json> = {};
  for (const { name } of columns) {
    const value = stored[name] ?? null;
    row[name] = value instanceof Date ? toRfc3339(value.getTime()) : (value as Json);
  }
  return row;
}

interface LiveRow {
  readonly id: string;
  readonly lastSeenMs: number | null;
  readonly deadlines: string | null;
}

interface Armed {
  readonly at: number;
  readonly renewedAt: number | null;
}

async function withLive(
  sql: Sql,
  { domain, key, live }: ProjectionSpec,
  rows: readonly Row[],
): Promise<readonly Row[]> {
  if (live.length === 0 || rows.length === 0) return rows;
  const idOf = (row: Row): string => row[key[0] ?? ""] as string;
  const found = await sql.query<LiveRow>(
    `select r.id, ${msOf("e.last_seen")} as "lastSeenMs", e.deadlines from unnest($2::text[]) as r(id)
      cross join lateral (
        select last_seen, deadlines from rollcall.entity where domain = $1 and entity_id = r.id limit 1) as e`,
    [domain, [...new Set(rows.map(idOf))]],
  );
  const entities = new Map(found.map((each) => [each.id, each]));
  return rows.map((row) => {
    const entity = entities.get(idOf(row));
    const armed = JSON.parse(entity?.deadlines ?? "{}") as Readonly<Record<string, Armed>>;
    const shown: Record<string, Json> = { ...row };
    for (const { name, deadline, isRenewal } of live) {
      const ms = deadline === undefined ? entity?.lastSeenMs : armed[deadline]?.[isRenewal ? "renewedAt" : "at"];
      shown[name] = ms === undefined || ms === null ? null : toRfc3339(ms);
    }
    return shown;
  });
}

type StoredRow = Readonly<Record<string, unknown>>;

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
