import { LIST_DEFAULTS } from "../language/schema-lists.ts";
import type { GatewayCallRow } from "../language/schema-gateway.ts";
import { childRef, type SourceRef } from "../reading/contract-source.ts";
import type { Json } from "../../core/message.ts";
import type { RowTest } from "../../core/rows-query.ts";
import type { NameRef, TextRef } from "./model-parts.ts";
import type { Named } from "./read-gateways.ts";

/** A list of a projection's rows; the projection is looked up where its domain's model is. */
export interface ListModel {
  readonly row: GatewayCallRow;
  readonly projection: TextRef;
  readonly view?: NameRef;
  readonly shape?: NameRef;
  readonly filters: readonly {
    readonly parameter: string;
    readonly column: TextRef;
    readonly test: RowTest;
    readonly testAt: SourceRef;
  }[];
  readonly where: readonly { readonly column: TextRef; readonly values: readonly Json[]; readonly isList: boolean }[];
  /** Rows that are left out, and the query parameter that shows them. */
  readonly hide?: { readonly parameter: string; readonly columns: ListModel["where"] };
  readonly sortable: readonly TextRef[];
  /** All query parameters, but those that the shape declares. */
  readonly parameters: readonly TextRef[];
}

export function readList(row: GatewayCallRow, projection: string, at: SourceRef, named: Named): ListModel {
  const { view, shape, filters = {}, where = {}, hide, sort } = row;
  const read = Object.entries(filters).map(([parameter, filter]) => {
    const filterAt = childRef(at, "filters", parameter);
    const { column, test = LIST_DEFAULTS.test } = typeof filter === "string" ? { column: filter } : filter;
    const columnAt = typeof filter === "string" ? filterAt : childRef(filterAt, "column");
    const testAt = typeof filter === "string" || !filter.test ? columnAt : childRef(filterAt, "test");
    return { parameter, column: { text: column, at: columnAt }, test, testAt, at: filterAt };
  });
  return {
    row,
    projection: { text: projection, at: childRef(at, "projection") },
    ...(view !== undefined && { view: named("rowViews", view, childRef(at, "view")) }),
    ...(shape !== undefined && { shape: named("shapes", shape, childRef(at, "shape")) }),
    filters: read,
    where: readValues(where, childRef(at, "where")),
    ...(hide && { hide: readHide(hide, childRef(at, "hide")) }),
    sortable: (sort?.by ?? []).map((column, index) => ({ text: column, at: childRef(at, "sort", "by", index) })),
    parameters: [
      ...read.map((filter) => ({ text: filter.parameter, at: filter.at })),
      ...(hide ? [{ text: hide.unless, at: childRef(at, "hide", "unless") }] : []),
      ...Object.values(sortNames(sort)).map((text) => ({ text, at: childRef(at, "sort") })),
      ...Object.values(pageNames(row.page)).map((text) => ({ text, at: childRef(at, "page") })),
    ],
  };
}

const readValues = (values: NonNullable<GatewayCallRow["where"]>, at: SourceRef): ListModel["where"] =>
  Object.entries(values).map(([column, value]) => ({
    column: { text: column, at: childRef(at, column) },
    values: Array.isArray(value) ? value : [value],
    isList: Array.isArray(value),
  }));

const readHide = (
  { unless: parameter, ...values }: NonNullable<GatewayCallRow["hide"]>,
  at: SourceRef,
): NonNullable<ListModel["hide"]> => ({ parameter, columns: readValues(values, at) });

/** The query parameters of what may be sorted by; none where nothing may. */
export const sortNames = (sort: GatewayCallRow["sort"]): Readonly<Partial<Record<"by" | "order", string>>> =>
  sort ? { by: sort.names?.by ?? LIST_DEFAULTS.sortBy, order: sort.names?.order ?? LIST_DEFAULTS.sortOrder } : {};

export const pageNames = (page: GatewayCallRow["page"]): Readonly<Partial<Record<"page" | "size", string>>> =>
  page ? { page: page.names?.page ?? page.style, size: page.names?.size ?? LIST_DEFAULTS.size } : {};
