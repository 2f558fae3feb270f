import { z } from "zod";
import { ROW_TESTS } from "../../core/rows-query.ts";
import { FieldName, listOf, nonEmptyListOf } from "./schema-parts.ts";

/** What a list gets where its call does not say otherwise. */
export const LIST_DEFAULTS = {
  test: "equals",
  order: "asc",
  sortBy: "sort",
  sortOrder: "order",
  size: "limit",
} as const;
/** The most rows of a page, which is held in memory. */
export const PAGE_ROWS_MAX = 1_000;

const Filter = z.union([
  FieldName,
  z.strictObject({
    column: FieldName.describe("A column with an index, or the one of the entity's id."),
    test: z
      .enum(ROW_TESTS)
      .optional()
      .describe("Default equals. all, any: the parameter may be there several times; from, to: inclusive."),
  }),
]);
export const Filters = z
  .record(FieldName, Filter)
  .describe("Query parameters that narrow a list, each with a column, or { column, test }.");

const Value = z.union([z.string(), z.number(), z.boolean()]);
export const Where = z
  .record(FieldName, z.union([Value, z.null(), listOf(Value).min(1)]))
  .describe("Values that columns of all rows of a list have; of a list of values: one of them.");

export const Hide = z
  .object({ unless: FieldName.describe("The query parameter that shows them all the same: true or false.") })
  .catchall(z.union([Value, listOf(Value).min(1)]))
  .refine((hide) => Object.keys(hide).length > 1, "RC006 which rows? name a column: { status: archived, unless: all }")
  .describe("Rows that are left out: those with a column's value, or one of a list of values.");

export const Sort = z.strictObject({
  by: nonEmptyListOf(FieldName).describe("The columns that the caller may choose of, each with an index."),
  default: FieldName.optional().describe("The column to sort by where none is chosen. Default: the key alone."),
  order: z.enum(["asc", "desc"]).optional().describe("Where the caller does not say. Default asc."),
  names: z
    .strictObject({
      by: FieldName.optional().describe("Names the column. Default sort."),
      order: FieldName.optional().describe("Is asc or desc. Default order."),
    })
    .optional()
    .describe("The query parameters."),
});

export const Page = z.strictObject({
  style: z
    .enum(["offset", "page", "cursor"])
    .describe("How the next page is asked for: by a number of rows, by its own number from 1 on, or by a mark."),
  names: z
    .strictObject({
      page: FieldName.optional().describe("Says which page. Default as the style: offset, page or cursor."),
      size: FieldName.optional().describe("Says how many rows. Default limit."),
    })
    .optional()
    .describe("The query parameters."),
  default: z
    .union([z.literal("none"), z.int().min(1).max(PAGE_ROWS_MAX)])
    .optional()
    .describe("Rows of a page whose size is not asked for. Default none: all rows; not with style page."),
  max: z.int().min(1).max(PAGE_ROWS_MAX).optional().describe("The largest page, 1 to 1000. Default 1000."),
});
