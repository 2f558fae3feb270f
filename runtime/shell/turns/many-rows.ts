import type { Sql, SqlValue } from "../../ports/store.ts";
import { foundRow } from "../../stored/found-row.ts";

/** Its name, its SQL type, its value in one row. */
export type Column<Row> = readonly [name: string, type: string, valueOf: (row: Row) => SqlValue];

interface StatementParts {
  /** The columns' names, for `insert into ... (names)`. */
  readonly names: string;
  /** `unnest(...) as r(names)`: the rows as a table. */
  readonly table: string;
  /** `table` with the `foundRow` of a stored table for each: its key is `domain = $1` and the first two columns. */
  readonly found: (stored: string) => string;
  /** All columns behind the key's, for `update ... set`, with the values of this table. */
  readonly assign: (source: string, keyLength: number) => string;
}

/**
 * A statement over many rows, which are passed as one array for each column, however many there are.
 * @param sharedCount how many parameters, from `$1` on, have one value for all rows
 * @returns sends it; no statement when there are no rows
 */
export function manyRows<Row>(
  sharedCount: number,
  columns: readonly Column<Row>[],
  textOf: (parts: StatementParts) => string,
): (tx: Sql, rows: readonly Row[] | undefined, ...shared: SqlValue[]) => Promise<unknown>[] {
  const names = columns.map(([name]) => name);
  const arrays = columns.map(([, type], index) => `$${sharedCount + 1 + index}::${type}[]`);
  const table = `unnest(${arrays.join(", ")}) as r(${names.join(", ")})`;
  const isKey = ["domain = $1", ...names.slice(0, 2).map((name) => `${name} = r.${name}`)].join(" and ");
  const text = textOf({
    names: names.join(", "),
    table,
    found: (stored) => `${table} ${foundRow(stored, isKey)}`,
    assign: (source, keyLength) =>
      names
        .slice(keyLength)
        .map((name) => `${name} = ${source}.${name}`)
        .join(", "),
  });
  return (tx, rows = [], ...shared) => {
    if (rows.length === 0) return [];
    return [tx.query(text, [...shared, ...columns.map(([, , valueOf]) => rows.map((row) => valueOf(row)))])];
  };
}
