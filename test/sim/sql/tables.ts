import { type Value, comparable, SqlError } from "./values.ts";

export type Values = Record<string, Value>;

/** The column that says where a row lies; here as in Postgres `*` does not mean it. */
export const PLACE = "ctid";
let places = 0;

/** A row with the version that is committed and the one that a transaction is about to write. */
export class Row {
  readonly place = ++places;
  committed: Values | null;
  /** Undefined: no change under way. Null: about to be deleted. */
  pending: Values | null | undefined;
  /** Who holds its lock. */
  owner: Transaction | undefined;

  constructor() {
    this.committed = null;
    this.pending = undefined;
    this.owner = undefined;
  }

  seenBy(transaction: Transaction | undefined): Values | null {
    return this.pending !== undefined && this.owner === transaction ? this.pending : this.committed;
  }
}

/** Thrown by a statement that must wait for another transaction: it is run again when that one has ended. */
export class LockWait extends Error {
  readonly holder: Transaction;
  constructor(holder: Transaction) {
    super("waits for a lock");
    this.holder = holder;
  }
}

export interface Change {
  readonly table: Table;
  readonly before: Values | null;
  readonly after: Values | null;
}

let transactions = 0;

/** Read committed, with row locks that are held until its end. */
export class Transaction {
  readonly id = ++transactions;
  readonly atMs: number;
  readonly #rows = new Map<Row, Table>();
  /** Of the statement under way: what to put back when it fails or must wait. */
  #undo: (() => void)[] = [];
  #ended = false;
  readonly #onEnd: (() => void)[] = [];
  waitsFor: Transaction | undefined;

  constructor(atMs: number) {
    this.atMs = atMs;
  }

  get ended(): boolean {
    return this.#ended;
  }

  beginStatement(): void {
    this.#undo = [];
  }
  undoStatement(): void {
    for (const undo of this.#undo.reverse()) undo();
    this.#undo = [];
  }

  lock(table: Table, row: Row): void {
    if (row.owner === this) return;
    if (row.owner) throw new LockWait(row.owner);
    row.owner = this;
    this.#rows.set(row, table);
    this.#undo.push(() => {
      row.owner = undefined;
      this.#rows.delete(row);
    });
  }

  write(table: Table, row: Row, values: Values | null): void {
    this.lock(table, row);
    const before = row.pending;
    row.pending = values;
    this.#undo.push(() => (row.pending = before));
  }

  insert(table: Table, values: Values): Row {
    const row = new Row();
    table.add(row, values);
    this.#undo.push(() => table.remove(row, values));
    this.write(table, row, values);
    return row;
  }

  /** In the order in which the rows were first touched. */
  commit(): Change[] {
    const changes: Change[] = [];
    for (const [row, table] of this.#rows) {
      const { committed: before, pending: after } = row;
      row.owner = undefined;
      row.pending = undefined;
      if (after === undefined) continue;
      row.committed = after;
      if (after === null) table.remove(row, before);
      if (before || after) changes.push({ table, before, after });
    }
    this.#end();
    return changes;
  }

  rollback(): void {
    for (const [row, table] of this.#rows) {
      if (row.committed === null && row.pending !== undefined) table.remove(row, row.pending);
      row.owner = undefined;
      row.pending = undefined;
    }
    this.#end();
  }

  whenEnded(call: () => void): void {
    this.#onEnd.push(call);
  }

  #end(): void {
    this.#ended = true;
    this.#rows.clear();
    for (const call of this.#onEnd) call();
  }
}

interface Column {
  readonly name: string;
  readonly type: string;
  readonly notNull: boolean;
  readonly default: string | undefined;
}
export interface TableSchema {
  readonly name: string;
  readonly columns: Column[];
  /** The primary key first. */
  readonly unique: (readonly string[])[];
  readonly checks: string[];
}

export class Table {
  readonly schema: TableSchema;
  readonly rows = new Set<Row>();
  readonly #byPlace = new Map<Value, Row>();
  readonly #unique: { readonly columns: readonly string[]; readonly rows: Map<string, Row> }[];
  /** By the first values of the primary key, for each number of them that was asked for. */
  readonly #prefixes = new Map<number, Map<string, Set<Row>>>();

  constructor(schema: TableSchema) {
    this.schema = schema;
    this.#unique = schema.unique.map((columns) => ({ columns, rows: new Map<string, Row>() }));
  }

  /** The row that stands in the way of these values, over all keys or the one of these columns. */
  conflicting(values: Values, columns: readonly string[] = []): Row | undefined {
    for (const key of this.#unique) {
      if (columns.length > 0 && !sameColumns(key.columns, columns)) continue;
      const row = key.rows.get(keyOf(key.columns, values));
      if (row) return row;
    }
    return undefined;
  }

  at(place: Value): Row | undefined {
    return this.#byPlace.get(place);
  }

  /** The rows whose primary key begins with these values. */
  byKey(values: readonly Value[]): readonly Row[] {
    const text = keyText(values);
    if (values.length < this.key.length) return [...(this.#prefixed(values.length).get(text) ?? [])];
    const row = this.#unique[0]?.rows.get(text);
    return row ? [row] : [];
  }
  #prefixed(length: number): Map<string, Set<Row>> {
    let rows = this.#prefixes.get(length);
    if (rows) return rows;
    this.#prefixes.set(length, (rows = new Map()));
    for (const [key, row] of this.#unique[0]?.rows ?? []) addTo(rows, key.split("\0").slice(0, length).join("\0"), row);
    return rows;
  }
  get key(): readonly string[] {
    return this.#unique[0]?.columns ?? [];
  }

  add(row: Row, values: Values): void {
    this.rows.add(row);
    this.#byPlace.set(row.place, row);
    for (const { columns, rows } of this.#unique) rows.set(keyOf(columns, values), row);
    for (const [length, rows] of this.#prefixes) addTo(rows, keyOf(this.key.slice(0, length), values), row);
  }

  remove(row: Row, values: Values | null): void {
    this.rows.delete(row);
    this.#byPlace.delete(row.place);
    if (!values) return;
    for (const { columns, rows } of this.#unique) rows.delete(keyOf(columns, values));
    for (const [length, rows] of this.#prefixes) rows.get(keyOf(this.key.slice(0, length), values))?.delete(row);
  }

  /** @throws SqlError 23502 */
  check(values: Values): void {
    for (const { name, notNull } of this.schema.columns)
      if (notNull && (values[name] ?? null) === null)
        throw new SqlError("23502", `null value in column ${name} of ${this.schema.name}`);
  }
}

const keyText = (values: readonly Value[]): string => values.map((value) => String(comparable(value))).join("\0");
const keyOf = (columns: readonly string[], values: Values): string =>
  keyText(columns.map((column) => values[column] ?? null));
function addTo(rows: Map<string, Set<Row>>, key: string, row: Row): void {
  const found = rows.get(key);
  if (found) found.add(row);
  else rows.set(key, new Set([row]));
}
const sameColumns = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((column) => b.includes(column));
