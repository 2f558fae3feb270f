import type { FollowsCall } from "./gateway.ts";
import type { ColumnSpec, ProjectionSpec } from "./projection.ts";
import { type RowsQuery, testsOf } from "./rows-query.ts";

type Columns = Pick<ProjectionSpec, "key" | "columns">;

/** What events call the id of their entity, whatever the contract calls it. */
const ENTITY_ID = "entity_id";

/**
 * The column by which rows are narrowed as events are by one of these fields: the first that the projection has.
 * Undefined: it has none.
 */
export function columnOfFields({ key, columns }: Columns, fields: readonly string[]): ColumnSpec | undefined {
  const names = fields.map((field) => (field === ENTITY_ID ? key[0] : field));
  return names.flatMap((name) => columns.find((column) => column.name === name) ?? [])[0];
}

/** Whether rows can be narrowed by the column as events are: by its text, and without reading all rows. */
export const canNarrow = (keyed: Pick<ProjectionSpec, "key">, column: ColumnSpec): boolean =>
  column.type === "text" && testsOf(keyed, column).includes("equals");

/** The rows of a snapshot that the parameters of its stream are for. */
export const narrowed = (
  spec: Columns,
  select: FollowsCall["select"],
  query: Readonly<Record<string, string>>,
): RowsQuery["where"] =>
  [...select].flatMap(([parameter, fields]) => {
    const [value, column] = [query[parameter], columnOfFields(spec, fields)];
    return value === undefined || !column ? [] : [{ column: column.name, test: "equals" as const, value }];
  });
