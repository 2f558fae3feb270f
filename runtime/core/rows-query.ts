import type { Json } from "./message.ts";
import type { ColumnSpec, ProjectionSpec } from "./projection.ts";
import { fromRfc3339 } from "./time.ts";

/** What a parameter may ask of a column. */
export const ROW_TESTS = ["equals", "all", "any", "prefix", "from", "to"] as const;
export type RowTest = (typeof ROW_TESTS)[number] | "none";

export interface RowsQuery {
  /**
   * All apply, each on a column with an index or on the key's. `equals`: null too; `any`: one of a list of values, of a
   * column of lists: it has one of them; `all`: of a column of lists: it has each of them; `prefix`: a text that begins
   * so; `from`, `to`: inclusive; `none`: no value of a list, which no index serves.
   */
  readonly where: readonly { readonly column: string; readonly test: RowTest; readonly value: Json }[];
  /** Columns with an index, or the key's; the key follows by itself. Null comes last, descending first. */
  readonly sort: readonly { readonly column: string; readonly descending: boolean }[];
  /** How many rows; undefined: all. */
  readonly limit?: number;
  /** How many rows are left out first. */
  readonly offset?: number;
  /** Begins behind a row, of which these are the values: `positionOf` gives them. */
  readonly after?: readonly Json[];
}

/** A query that the projection does not take: a column without an index, or a test or value that does not fit it. */
export class RowsQueryError extends Error {
  override readonly name = "RowsQueryError";
}

type Keyed = Pick<ProjectionSpec, "key">;

/** The tests that a column takes: none that would read every row. */
export function testsOf({ key }: Keyed, { name, type, index }: ColumnSpec): readonly RowTest[] {
  if (index === "gin") return ["all", "any"];
  if (index === undefined && name !== key[0]) return [];
  if (type === "boolean") return ["equals", "any"];
  return ["equals", "any", ...(type === "text" ? (["prefix"] as const) : []), "from", "to"];
}

/** The columns by which rows can be sorted. */
export const canSortBy = ({ key }: Keyed, { name, index }: ColumnSpec): boolean => index === "btree" || name === key[0];

/** Whether a column of single values, or a list of such, can have the value. */
export function canHave({ type }: Pick<ColumnSpec, "type">, value: Json): boolean {
  if (type === "boolean") return typeof value === "boolean";
  if (type === "bigint") return Number.isSafeInteger(value);
  if (type === "float8") return Number.isFinite(value);
  if (type === "timestamptz") return typeof value === "string" && fromRfc3339(value) !== undefined;
  return typeof value === "string" && !value.includes("\0");
}
