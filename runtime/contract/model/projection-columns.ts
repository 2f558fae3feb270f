import type { ColumnSpec } from "../../core/projection.ts";
import { ownKeyOf } from "./projection-keys.ts";
import type { ProjectionModel } from "./read-projections.ts";
import { columnsOf } from "./row-columns.ts";

/** The key's own columns, which the runtime fills, then those of the shape; without fields that are no columns. */
export const knownColumnsOf = (projection: ProjectionModel): readonly ColumnSpec[] => [
  ...ownKeyOf(projection).map(({ item: name }, at): ColumnSpec => ({
    ...{ name, nullable: false },
    ...(at === 0 ? { type: "text", index: undefined } : { type: "timestamptz", index: "btree" }),
  })),
  ...(projection.code ? columnsOf(projection.code.shape) : []).flatMap((column) =>
    "problem" in column
      ? []
      : { ...column, index: projection.index.find((each) => each.column === column.name)?.value },
  ),
];
