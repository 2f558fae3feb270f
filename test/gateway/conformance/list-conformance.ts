import { describe, expect, it } from "vitest";
import type { Json } from "../../../runtime/core/message.ts";
import type { ListCall, PageSpec } from "../../../runtime/core/gateway.ts";
import type { ConformingServer } from "./conforming-server.ts";
import { type DescribedCall, requestOf, type Sent, withQuery } from "./described-calls.ts";

/** Pages that are longer than some lists would show nothing. */
const ROWS_LEAST = 3;
const SIZES = [1, 2];

/** What holds for every list: each order of it is the same in pages of any size, without a gap or a row twice. */
export function describeLists(lists: readonly DescribedCall[], server: () => ConformingServer): void {
  describe.each(lists)("$operation", (each) => {
    const list = each.call.does as ListCall;
    const { page } = list;
    const sent = requestOf(each.call, each.sample);
    const read = async (query: string, shown: Shown): Promise<Part> => {
      const reply = await server().send(query === "" ? sent : withQuery(sent, query));
      expect([reply.status, reply.text.slice(0, 300)]).toEqual([200, expect.anything()]);
      server().assertDescribed(each, reply);
      const next = /^<([^>]*)>; rel="next"$/.exec(String(reply.headers["link"] ?? ""))?.[1];
      return { rows: rowsOf(list, reply.body as Json, shown), ...(next !== undefined && { next }) };
    };

    it("is answered to HEAD as to GET, without a body", async () => {
      const head = await server().send({ ...sent, method: "HEAD" });
      expect([head.status, head.headers["content-type"], head.text]).toEqual([
        200,
        expect.stringMatching(/^application\/json/),
        "",
      ]);
    });

    it.each(page ? ordersOf(list) : [])("has its rows once in its pages, in the order ?$order", async ({ order }) => {
      const whole = await readWhole(order, page as PageSpec, read);
      expect(whole.length).toBeGreaterThanOrEqual(ROWS_LEAST);
      expect(new Set(whole).size).toBe(whole.length);
      for (const size of SIZES) expect(await readPages(order, size, page as PageSpec, read, sent)).toEqual(whole);
    });
  });
}

interface Part {
  readonly rows: readonly string[];
  /** Where the next page is. */
  readonly next?: string;
}
type Shown = Parameters<NonNullable<ListCall["shape"]>>[0]["page"];
type Read = (query: string, shown: Shown) => Promise<Part>;

const ordersOf = ({ sort: { by, names } }: ListCall): readonly { readonly order: string }[] => [
  { order: "" },
  ...by.flatMap((column) =>
    ["asc", "desc"].map((order) => ({ order: `${names.by}=${column}&${names.order}=${order}` })),
  ),
];

const joined = (...parts: readonly string[]): string => parts.filter(Boolean).join("&");

/** In one part, by its default or the largest page that there is. */
async function readWhole(order: string, { size, sizeMax, names }: PageSpec, read: Read): Promise<readonly string[]> {
  if (size === undefined) return (await read(order, { size: undefined, offset: 0, next: undefined })).rows;
  const { rows } = await read(joined(order, `${names.size}=${sizeMax}`), { size: sizeMax, offset: 0, next: undefined });
  expect(rows.length).toBeLessThan(sizeMax);
  return rows;
}

async function readPages(
  order: string,
  size: number,
  { style, names }: PageSpec,
  read: Read,
  { target }: Sent,
): Promise<readonly string[]> {
  const rows: string[] = [];
  let query = joined(order, `${names.size}=${size}`);
  for (let pages = 0; pages < 100; pages++) {
    const page = await read(query, { size, offset: rows.length, next: "next" });
    rows.push(...page.rows);
    if (style === "cursor" && page.next === undefined) return rows;
    if (style !== "cursor" && page.rows.length < size) return rows;
    const mark = style === "page" ? pages + 2 : rows.length;
    query =
      style === "cursor"
        ? (page.next ?? "").slice(target.length + 1)
        : joined(order, `${names.size}=${size}`, `${names.page}=${mark}`);
  }
  throw new Error("the pages have no end");
}

/** The rows of a body, each as its text: where the contract's shape puts them. */
function rowsOf({ shape }: ListCall, body: Json, page: Shown): readonly string[] {
  const marker: readonly Json[] = [];
  const query = (shape?.query?.parse({}) ?? {}) as Readonly<Record<string, string>>;
  const made = shape ? shape({ rows: marker as Json, total: 0, page, query }) : (marker as Json);
  const path = pathTo(made, marker, []) ?? [];
  const rows = path.reduce<unknown>((at, key) => (at as Readonly<Record<string, unknown>>)[key], body);
  return (rows as readonly Json[]).map((row) => JSON.stringify(row));
}

function pathTo(at: unknown, wanted: unknown, path: readonly string[]): readonly string[] | undefined {
  if (at === wanted) return path;
  if (typeof at !== "object" || at === null) return undefined;
  for (const [key, value] of Object.entries(at)) {
    const found = pathTo(value, wanted, [...path, key]);
    if (found) return found;
  }
  return undefined;
}
