import type { ListCall, PageSpec } from "../core/gateway.ts";
import type { Json } from "../core/message.ts";
import type { ColumnSpec, ProjectionSpec } from "../core/projection.ts";
import { canHave, type RowsQuery } from "../core/rows-query.ts";

/** A query as it was sent; a parameter that is there several times has a list. */
export type SentQuery = Readonly<Record<string, string | readonly string[] | undefined>>;

export interface ListRequest {
  /** Without `limit` all rows are asked for. */
  readonly rows: RowsQuery;
  /** What is wrong, by parameter. */
  readonly wrong: readonly { readonly parameter: string; readonly detail: string }[];
  /** The parameters that are not the list's own. */
  readonly rest: SentQuery;
}

/** What is asked of a list: the rows' query, of which each parameter says its part. */
export function readListRequest(list: ListCall, { columns }: ProjectionSpec, query: SentQuery): ListRequest {
  const wrong: { parameter: string; detail: string }[] = [];
  const report = (parameter: string, detail: string): undefined => void wrong.push({ parameter, detail });
  const once = (parameter: string | undefined): string | undefined => {
    const value = parameter === undefined ? undefined : query[parameter];
    return typeof value === "object" ? report(parameter ?? "", "it may be there once") : value;
  };
  const where = [...list.filters].flatMap(([parameter, { column, test }]) => {
    const isSeveral = test === "all" || test === "any";
    const texts = isSeveral ? [query[parameter] ?? []].flat() : [once(parameter) ?? []].flat();
    const spec = columns.find(({ name }) => name === column);
    if (texts.length === 0 || !spec) return [];
    const values = texts.map((text) => valueOf(spec, text));
    if (values.includes(undefined)) return report(parameter, `it is ${WORDS[spec.type]}`) ?? [];
    return { column, test, value: isSeveral ? (values as Json[]) : (values[0] ?? null) };
  });
  const hidden = list.hide ? hiddenOf(list.hide, once, report) : [];
  const sort = sortOf(list.sort, once, report);
  const page = list.page ? pageOf(list.page, sort, once, report) : {};
  return { rows: { where: [...list.where, ...hidden, ...where], sort, ...page }, wrong, rest: restOf(list, query) };
}

type Once = (parameter: string | undefined) => string | undefined;
type Report = (parameter: string, detail: string) => undefined;

function hiddenOf({ parameter, where }: NonNullable<ListCall["hide"]>, once: Once, report: Report): RowsQuery["where"] {
  const shows = once(parameter) ?? "false";
  if (shows !== "true" && shows !== "false") report(parameter, `it is ${WORDS.boolean}`);
  return shows === "true" ? [] : where;
}

const WORDS: Readonly<Record<ColumnSpec["type"], string>> = {
  ...{ text: "a text", "text[]": "a text", jsonb: "a text" },
  ...{ bigint: "a whole number", float8: "a number", boolean: "true or false" },
  timestamptz: "a time in RFC 3339: 2026-01-31T12:00:00Z",
};

/** Undefined: the column has no such value. */
function valueOf({ type }: ColumnSpec, text: string): Json | undefined {
  const value = convert(type, text);
  return value !== undefined && canHave({ type }, value) ? value : undefined;
}

function convert(type: ColumnSpec["type"], text: string): Json | undefined {
  if (type === "boolean") return text === "true" ? true : text === "false" ? false : undefined;
  if (type === "bigint") return /^-?\d{1,16}$/.test(text) ? Number(text) : undefined;
  if (type === "float8") return text.trim() === "" ? undefined : Number(text);
  return text;
}

function sortOf({ by, column, descending, names }: ListCall["sort"], once: Once, report: Report): RowsQuery["sort"] {
  if (by.length === 0) return [];
  const [chosen, order] = [once(names.by), once(names.order)];
  if (chosen !== undefined && !by.includes(chosen)) return report(names.by, `it is one of ${by.join(", ")}`) ?? [];
  if (order !== undefined && order !== "asc" && order !== "desc") return report(names.order, "it is asc or desc") ?? [];
  const sorted = chosen ?? column;
  const isDescending = order === undefined ? descending : order === "desc";
  return sorted === undefined ? [] : [{ column: sorted, descending: isDescending }];
}

type Part = Pick<RowsQuery, "limit" | "offset" | "after">;

function pageOf(page: PageSpec, sort: RowsQuery["sort"], once: Once, report: Report): Part {
  const { style, names, sizeMax } = page;
  const [sizeText, mark] = [once(names.size), once(names.page)];
  const size = sizeText === undefined ? page.size : integerIn(sizeText, 1, sizeMax);
  if (sizeText !== undefined && size === undefined) report(names.size, `it is an integer, 1 to ${sizeMax}`);
  const limit = size === undefined ? {} : { limit: size };
  if (mark === undefined) return limit;
  if (style === "cursor") {
    const after = decodeCursor(mark, sort);
    if (!after) report(names.page, NO_CURSOR);
    return { ...limit, ...(after && { after }) };
  }
  const [least, most] = style === "page" ? [1, Math.floor(OFFSET_MAX / sizeMax)] : [0, OFFSET_MAX];
  const number = integerIn(mark, least, most);
  if (number === undefined) report(names.page, `it is an integer, ${least} to ${most}`);
  return { ...limit, ...(number !== undefined && { offset: style === "page" ? (number - 1) * (size ?? 0) : number }) };
}

const OFFSET_MAX = 1_000_000_000;
export const NO_CURSOR = "it is none of this list: leave it out to begin at its first row";

function integerIn(text: string, least: number, most: number): number | undefined {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : NaN;
  return value >= least && value <= most ? value : undefined;
}

/** @param position of the last row of a page, in the order of `sort` */
export const encodeCursor = (sort: RowsQuery["sort"], position: readonly Json[]): string =>
  Buffer.from(JSON.stringify([sort, position])).toString("base64url");

/** Undefined: it is none, or one of another order. */
function decodeCursor(text: string, sort: RowsQuery["sort"]): readonly Json[] | undefined {
  try {
    const read: unknown = JSON.parse(Buffer.from(text, "base64url").toString());
    if (!Array.isArray(read) || JSON.stringify(read[0]) !== JSON.stringify(sort)) return undefined;
    return Array.isArray(read[1]) ? (read[1] as readonly Json[]) : undefined;
  } catch {
    return undefined;
  }
}

/** The query parameters of a list, but those that its shape declares. */
export const parametersOfList = ({ filters, hide, sort, page }: ListCall): readonly string[] => [
  ...filters.keys(),
  ...(hide ? [hide.parameter] : []),
  ...(sort.by.length === 0 ? [] : [sort.names.by, sort.names.order]),
  ...(page ? [page.names.page, page.names.size] : []),
];

function restOf(list: ListCall, query: SentQuery): SentQuery {
  const own = new Set(parametersOfList(list));
  return Object.fromEntries(Object.entries(query).filter(([name]) => !own.has(name)));
}

/** What a body has where its rows come. */
export interface Frame {
  readonly before: string;
  /** Undefined: the body shows no rows. */
  readonly after: string | undefined;
}

/**
 * Makes of a list's body what is written before its rows and behind them, so that they need not be held.
 * @param make is given what stands for the rows
 * @param token a text that no body has
 */
export function frameOf(make: (rows: Json) => Json, token: string): Frame {
  const rows: readonly Json[] = Object.freeze([]);
  const text = JSON.stringify(make(rows as Json), (_, value: unknown) => (value === rows ? token : value));
  const [before = "", after, more] = text.split(JSON.stringify(token));
  if (more !== undefined) throw new Error("a shape puts the rows into the body once");
  return { before, after };
}
