import type { SqlValue } from "../../ports/store.ts";

/** A column of a statement over many rows: its name, its SQL type, its value in one row. */
type Column<Row> = readonly [name: string, type: string, valueOf: (row: Row) => SqlValue];

/** Rows as parameters of a statement: one array for each column, however many rows there are. */
export interface MultiRow<Row> {
  /** The columns' names, for `insert into ... (names)`. */
  readonly names: string;
  /** `unnest(...) as r(names)`: the rows as a table. */
  readonly table: string;
  readonly parameters: (rows: readonly Row[]) => SqlValue[];
}

/** @param firstParameter number of the first column's parameter; the others follow it */
export const multiRow = <Row>(firstParameter: number, columns: readonly Column<Row>[]): MultiRow<Row> => {
  const names = columns.map(([name]) => name).join(", ");
  const arrays = columns.map(([, type], index) => `$${firstParameter + index}::${type}[]`).join(", ");
  return {
    names,
    table: `unnest(${arrays}) as r(${names})`,
    parameters: (rows) => columns.map(([, , valueOf]) => rows.map((row) => valueOf(row))),
  };
};
