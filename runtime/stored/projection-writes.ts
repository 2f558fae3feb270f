import type { ColumnSpec, ProjectionSpec, Row } from "../core/projection.ts";
import { fromRfc3339 } from "../core/time.ts";
import type { Sql, SqlValue } from "../ports/store.ts";
import { foundRow } from "./found-row.ts";

/** All rows of an entity. */
export interface EntityRows {
  readonly id: string;
  readonly rows: readonly Row[];
}

/** A row of a log, and the span of event time in which its entity has no other. */
export interface SlotRow {
  readonly slot: number;
  readonly row: Row;
}

/** Of logs: rows of an entity in one span are one. */
export const SLOT_COLUMN = "rollcall_slot";
const SLOT: ColumnSpec = { name: SLOT_COLUMN, type: "bigint", nullable: false, index: undefined };

export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
export const tableOf = ({ schema, name, version }: Pick<ProjectionSpec, "schema" | "name" | "version">): string =>
  `${quoted(schema)}.${quoted(`${name}_v${version}`)}`;

/** Lists and JSON travel as texts: an array of arrays would be one long array to `unnest`. */
const TRAVELS_AS: Partial<Readonly<Record<ColumnSpec["type"], string>>> = { jsonb: "text", "text[]": "text" };

const elementText = (text: string): string => `"${text.replace(/[\\"]/g, "\\$&")}"`;

export function sqlValueOf(row: Row, { name, type }: ColumnSpec): SqlValue {
  const value = row[name] ?? null;
  if (value === null) return null;
  if (type === "jsonb") return JSON.stringify(value);
  if (type === "text[]") return `{${(value as readonly string[]).map(elementText).join(",")}}`;
  if (type === "timestamptz") return new Date(fromRfc3339(value as string) ?? 0);
  return value as string | number | boolean;
}

interface Statements {
  /** Rows that differ are written, all others are left alone. */
  readonly upsert: string;
  readonly insertLog: string;
  /** All of an entity. */
  readonly remove: string;
  /** Those of an entity that are not among the given ones. */
  readonly removeOthers: string;
  readonly keyColumns: readonly ColumnSpec[];
}
const known = new WeakMap<ProjectionSpec, Statements>();

function statementsOf(spec: ProjectionSpec): Statements {
  let made = known.get(spec);
  if (!made) known.set(spec, (made = makeStatements(spec)));
  return made;
}

/** `unnest($1::text[], ...) as r(names)` */
function given(columns: readonly ColumnSpec[], alias: string, first = 1): string {
  const arrays = columns.map(({ type }, at) => `$${first + at}::${TRAVELS_AS[type] ?? type}[]`);
  return `unnest(${arrays.join(", ")}) as ${alias}(${columns.map(({ name }) => quoted(name)).join(", ")})`;
}

const typed = ({ name, type }: ColumnSpec): string => `r.${quoted(name)}${TRAVELS_AS[type] ? `::${type}` : ""}`;

function makeStatements(spec: ProjectionSpec): Statements {
  const { columns, key } = spec;
  const table = tableOf(spec);
  const names = columns.map(({ name }) => quoted(name)).join(", ");
  const values = columns.map(typed).join(", ");
  const keyColumns = columns.filter(({ name }) => key.includes(name));
  const others = columns.filter(({ name }) => !key.includes(name));
  const isKey = keyColumns.map(({ name }) => `t.${quoted(name)} = r.${quoted(name)}`).join(" and ");
  const isSame = others.map((column) => ` and t.${quoted(column.name)} is not distinct from ${typed(column)}`).join("");
  const set = others.map(({ name }) => `${quoted(name)} = excluded.${quoted(name)}`).join(", ");
  const id = quoted(key[0] ?? "");
  return {
    keyColumns,
    upsert:
      `insert into ${table} (${names}) select ${values} from ${given(columns, "r")} ` +
      // Not `not exists`, which is a join by key to the server: see `foundRow`.
      `where (select true from ${table} t where ${isKey}${isSame} limit 1) is null ` +
      `on conflict (${key.map(quoted).join(", ")}) do ${set === "" ? "nothing" : `update set ${set}`}`,
    insertLog:
      `insert into ${table} (${SLOT_COLUMN}, ${names}) select r.${SLOT_COLUMN}, ${values} ` +
      `from ${given([SLOT, ...columns], "r")} on conflict do nothing`,
    remove: `delete from ${table} t where t.${id} = any($1::text[])`,
    removeOthers:
      `delete from ${table} t where t.${id} = any($1::text[]) ` +
      `and (${keyColumns.map(({ name }) => `t.${quoted(name)}`).join(", ")}) not in ` +
      `(select ${keyColumns.map(typed).join(", ")} from ${given(keyColumns, "r", 2)})`,
  };
}

const columnar = (rows: readonly Row[], columns: readonly ColumnSpec[]): SqlValue[] =>
  columns.map((column) => rows.map((row) => sqlValueOf(row, column)));

/** Replaces all rows of these entities by what they have now. What is the same is not written. */
export function sendRows(tx: Sql, spec: ProjectionSpec, entities: readonly EntityRows[]): Promise<unknown>[] {
  const { upsert, removeOthers, keyColumns } = statementsOf(spec);
  const rows = entities.flatMap((each) => each.rows);
  const gone = spec.kind === "rows" ? [] : entities.flatMap(({ id, rows: { length } }) => (length === 0 ? id : []));
  const ids = entities.map(({ id }) => id);
  return [
    ...(spec.kind === "rows" && ids.length > 0
      ? [tx.query(removeOthers, [ids, ...columnar(rows, keyColumns)])]
      : removeRows(tx, spec, gone)),
    ...(rows.length > 0 ? [tx.query(upsert, columnar(rows, spec.columns))] : []),
  ];
}

/** Entities that are gone. */
export const removeRows = (tx: Sql, spec: ProjectionSpec, ids: readonly string[]): Promise<unknown>[] =>
  ids.length > 0 ? [tx.query(statementsOf(spec).remove, [ids])] : [];

/** Of an entity and a span the first row stays. */
export const sendLogRows = (tx: Sql, spec: ProjectionSpec, rows: readonly SlotRow[]): Promise<unknown>[] => {
  if (rows.length === 0) return [];
  const all = rows.map(({ slot, row }) => ({ ...row, [SLOT_COLUMN]: slot }));
  return [tx.query(statementsOf(spec).insertLog, columnar(all, [SLOT, ...spec.columns]))];
};

/** Rows of a log that go in one statement. */
const DROPPED_MAX = 1_000;

/** @param before ms since the epoch @returns whether there may be more */
export async function dropLogRows(sql: Sql, spec: ProjectionSpec, before: number): Promise<boolean> {
  const [id = "", at = ""] = spec.key.map(quoted);
  const table = tableOf(spec);
  const due = await sql.query<{ id: string; slot: number }>(
    `select ${id} as id, ${SLOT_COLUMN} as slot from ${table} where ${at} < $1::timestamptz
      order by ${at} limit ${DROPPED_MAX}`,
    [new Date(before)],
  );
  if (due.length > 0)
    await sql.query(
      `delete from ${table} t using unnest($1::text[], $2::bigint[]) as r(id, slot)
        ${foundRow(table, `${id} = r.id and ${SLOT_COLUMN} = r.slot`)} where t.ctid = found.place`,
      [due.map((row) => row.id), due.map(({ slot }) => slot)],
    );
  return due.length === DROPPED_MAX;
}
