import type { ColumnSpec, ProjectionSpec } from "../core/projection.ts";
import type { Json } from "../core/message.ts";
import { canHave, canSortBy, type RowsQuery, RowsQueryError, type RowTest, testsOf } from "../core/rows-query.ts";
import type { SqlValue } from "../ports/store.ts";
import { quoted, sqlValueOf, tableOf } from "./projection-writes.ts";

type Sort = RowsQuery["sort"];

/** The whole order: what is asked for, then the key. */
function orderOf(spec: ProjectionSpec, sort: Sort): Sort {
  for (const { column } of sort)
    if (!canSortBy(spec, columnOf(spec, column))) throw new RowsQueryError(`${spec.name}: ${column} has no index`);
  // One direction, so that an index has the whole order.
  const descending = sort.at(-1)?.descending ?? false;
  const rest = spec.key.filter((column) => sort.every((each) => each.column !== column));
  return [...sort, ...rest.map((column) => ({ column, descending }))];
}

/** What `after` is for the rows behind this one. */
export const positionOf = (spec: ProjectionSpec, sort: Sort, row: Readonly<Record<string, Json>>): readonly Json[] =>
  orderOf(spec, sort).map(({ column }) => row[column] ?? null);

function columnOf({ name, columns }: ProjectionSpec, wanted: string): ColumnSpec {
  const found = columns.find((column) => column.name === wanted);
  if (!found) throw new RowsQueryError(`${name} has no column ${wanted}`);
  return found;
}

interface QueryText {
  /** ` where ...`, or nothing. */
  readonly where: string;
  /** ` order by ...` */
  readonly order: string;
  /** ` limit ... offset ...`, or nothing. */
  readonly page: string;
  readonly values: SqlValue[];
}

/** The statement's parts, for the projection's table as `t`: names from contracts, values as parameters. */
export function queryText(spec: ProjectionSpec, { where, sort, limit, offset, after }: RowsQuery): QueryText {
  const values: SqlValue[] = [];
  const bind = (value: SqlValue, type: string): string => `$${values.push(value)}::${type}`;
  const order = orderOf(spec, sort);
  const ordered = order.map(({ column, descending }) => `t.${quoted(column)}${descending ? " desc" : ""}`);
  const conditions = where.map(({ column, test, value }) =>
    conditionText(spec, columnOf(spec, column), test, value, bind),
  );
  if (after) conditions.push(...behind(spec, order, after, bind));
  return {
    where: conditions.length === 0 ? "" : ` where ${conditions.join(" and ")}`,
    order: ` order by ${ordered.join(", ")}`,
    page:
      (limit === undefined ? "" : ` limit ${bind(limit, "bigint")}`) +
      (offset === undefined ? "" : ` offset ${bind(offset, "bigint")}`),
    values,
  };
}

type Bind = (value: SqlValue, type: string) => string;

/** @throws RowsQueryError for a value that the column can't have */
function valueOf(column: ColumnSpec, value: Json): SqlValue {
  const { name } = column;
  if (!canHave(column, value)) throw new RowsQueryError(`${name} is never ${JSON.stringify(value)}`);
  return sqlValueOf({ [name]: value }, column);
}

const listOf = (value: Json): readonly Json[] => (Array.isArray(value) ? (value as readonly Json[]) : [value as Json]);

function conditionText(spec: ProjectionSpec, column: ColumnSpec, test: RowTest, value: Json, bind: Bind): string {
  const { name, type } = column;
  if (test !== "none" && !testsOf(spec, column).includes(test))
    throw new RowsQueryError(
      `${spec.name}: ${name} takes no ${test}, but ${testsOf(spec, column).join(", ") || "no test"}`,
    );
  const own = `t.${quoted(name)}`;
  if (type === "text[]") {
    const texts = listOf(value).map((each) => valueOf({ ...column, type: "text" }, each));
    const found = `${own} ${test === "all" ? "@>" : "&&"} ${bind(texts, "text[]")}`;
    return test === "none" ? `(${found}) is not true` : found;
  }
  if (test === "any" || test === "none") {
    const values = listOf(value).map((each) => valueOf(column, each));
    const found = `${own} = any(${bind(values, `${type}[]`)})`;
    return test === "none" ? `(${found}) is not true` : found;
  }
  if (test === "equals") return value === null ? `${own} is null` : `${own} = ${bind(valueOf(column, value), type)}`;
  if (test !== "prefix") return `${own} ${test === "from" ? ">=" : "<="} ${bind(valueOf(column, value), type)}`;
  const from = valueOf(column, value) as string;
  const end = endOfPrefix(from);
  return `${own} >= ${bind(from, type)}` + (end === undefined ? "" : ` and ${own} < ${bind(end, type)}`);
}

const LAST_CODE_POINT = 0x10ffff;

/** The first text, by code points, behind all that begin with this one; undefined: none is. */
function endOfPrefix(prefix: string): string | undefined {
  const points = Array.from(prefix, (character) => character.codePointAt(0) ?? 0);
  while (points.at(-1) === LAST_CODE_POINT) points.pop();
  const last = points.pop();
  if (last === undefined) return undefined;
  // Behind the last before the surrogates, which are no characters of a text.
  return String.fromCodePoint(...points, last === 0xd7ff ? 0xe000 : last + 1);
}

/** Rows behind one, by an order whose directions may differ. */
function behind(spec: ProjectionSpec, order: Sort, after: readonly Json[], bind: Bind): readonly string[] {
  if (after.length !== order.length) throw new RowsQueryError(`${spec.name}: the place to begin at has another order`);
  const before: string[] = [];
  const cases: string[] = [];
  for (const [at, { column: name, descending }] of order.entries()) {
    const column = columnOf(spec, name);
    const own = `t.${quoted(name)}`;
    const value = after[at] ?? null;
    if (value === null && !column.nullable) throw new RowsQueryError(`${name} is never null`);
    const bound = value === null ? undefined : bind(valueOf(column, value), column.type);
    const past = pastOf(own, bound, { descending, nullable: column.nullable });
    if (past !== undefined) cases.push([...before, past].join(" and "));
    before.push(bound === undefined ? `${own} is null` : `${own} = ${bound}`);
  }
  return [...firstBound(spec, order[0], after[0] ?? null, bind), `(${cases.map((each) => `(${each})`).join(" or ")})`];
}

function pastOf(
  own: string,
  bound: string | undefined,
  { descending, nullable }: { readonly descending: boolean; readonly nullable: boolean },
): string | undefined {
  if (descending) return bound === undefined ? `${own} is not null` : `${own} < ${bound}`;
  if (bound === undefined) return undefined;
  return nullable ? `(${own} > ${bound} or ${own} is null)` : `${own} > ${bound}`;
}

/** Says again what an index can begin at, where all columns count. */
function firstBound(spec: ProjectionSpec, first: Sort[number] | undefined, value: Json, bind: Bind): readonly string[] {
  if (!first || value === null) return [];
  const column = columnOf(spec, first.column);
  if (column.nullable && !first.descending) return [];
  return [`t.${quoted(first.column)} ${first.descending ? "<=" : ">="} ${bind(valueOf(column, value), column.type)}`];
}

/** All columns, as `rowOf` reads them. */
export const selectText = (spec: ProjectionSpec): string =>
  `select ${spec.columns.map(({ name }) => `t.${quoted(name)}`).join(", ")} from ${tableOf(spec)} t`;
