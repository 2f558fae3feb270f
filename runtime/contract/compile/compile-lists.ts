import type { ListCall, PageSpec } from "../../core/gateway.ts";
import { LIST_DEFAULTS, PAGE_ROWS_MAX } from "../language/schema-lists.ts";
import { type ListModel, pageNames, sortNames } from "../model/read-lists.ts";

export function compileList(list: ListModel, { view, shape }: Pick<ListCall, "view" | "shape">): ListCall {
  const { row, filters, where, hide } = list;
  const { by = LIST_DEFAULTS.sortBy, order = LIST_DEFAULTS.sortOrder } = sortNames(row.sort);
  return {
    ...{ kind: "projection", projection: list.projection.text, view, shape },
    filters: new Map(filters.map(({ parameter, column, test }) => [parameter, { column: column.text, test }])),
    where: where.map(({ column, values, isList }) => ({
      column: column.text,
      ...(isList ? { test: "any", value: [...values] } : { test: "equals", value: values[0] ?? null }),
    })),
    hide: hide && {
      parameter: hide.parameter,
      where: hide.columns.map(({ column, values }) => ({ column: column.text, test: "none", value: [...values] })),
    },
    allEntities: row.all_entities ?? false,
    sort: {
      by: row.sort?.by ?? [],
      column: row.sort?.default,
      descending: (row.sort?.order ?? LIST_DEFAULTS.order) === "desc",
      names: { by, order },
    },
    page: compilePage(row.page),
    total: shape !== undefined && (row.total ?? true),
  };
}

function compilePage(page: ListModel["row"]["page"]): PageSpec | undefined {
  const { page: mark, size } = pageNames(page);
  if (!page || mark === undefined || size === undefined) return undefined;
  const { max = PAGE_ROWS_MAX, default: byDefault = "none" } = page;
  return {
    ...{ style: page.style, names: { page: mark, size } },
    size: byDefault === "none" ? undefined : Math.min(byDefault, max),
    sizeMax: max,
  };
}
