import { DIRECTORY, DIRECTORY_INDEX, DIRECTORY_KEY, type DirectoryRow } from "../core/directory.ts";
import { type ColumnSpec, type ProjectionSpec, schemaOf } from "../core/projection.ts";
import type { RowsQuery } from "../core/rows-query.ts";
import { toRfc3339 } from "../core/time.ts";
import type { Sql, Store } from "../ports/store.ts";
import { SERVED_SECONDS } from "./domains.ts";
import { msOf } from "./ms-of.ts";
import { readRows } from "./projection-rows.ts";

/** Something of a domain that is there to be found. */
export interface DirectoryEntry extends DirectoryRow {
  readonly domain: string;
  readonly id: string;
  /** Since when nobody serves the domain, so that the entry may be an old one, RFC 3339; null: it is served. */
  readonly unserved_since: string | null;
}

export interface DirectoryFilter {
  readonly domain?: string | undefined;
  readonly kind?: string | undefined;
  readonly status?: string | undefined;
  readonly name?: string | undefined;
  /** It has all of these. */
  readonly labels?: readonly string[] | undefined;
}

interface DirectoryPage {
  /** Domain and id of the last entry of the page before. */
  readonly after?: readonly [domain: string, id: string] | undefined;
  readonly limit: number;
}

interface StoredPart {
  readonly domain: string;
  readonly version: number;
  readonly servedMs: number | null;
  readonly isServed: boolean;
}

/**
 * Entries of all domains that the store has, whoever serves them, by domain and id: at most `limit`, 1 to 1,000.
 * @throws Fault of the store
 */
export async function readDirectory(
  store: Store,
  filter: DirectoryFilter,
  { after, limit }: DirectoryPage,
): Promise<readonly DirectoryEntry[]> {
  const found: DirectoryEntry[] = [];
  for (const part of await partsOf(store, filter.domain)) {
    if (after && part.domain < after[0]) continue;
    const begin = after?.[0] === part.domain ? { after: [after[1]] } : {};
    const query: RowsQuery = { where: whereOf(filter), sort: [], limit: limit - found.length, ...begin };
    const unserved_since = part.isServed || part.servedMs === null ? null : toRfc3339(part.servedMs);
    for await (const piece of readRows(store, specOf(part), query))
      for (const row of piece)
        found.push({ domain: part.domain, ...(row as unknown as DirectoryRow & { id: string }), unserved_since });
    if (found.length >= limit) break;
  }
  return found;
}

/** The domains that have a part of the directory, and until when they were served. */
async function partsOf(sql: Sql, domain: string | undefined): Promise<readonly StoredPart[]> {
  const parts = await sql.query<StoredPart>(
    `select p.domain, p.version, ${msOf("max(o.served_at)")} as "servedMs",
        coalesce(max(o.served_at) > clock_timestamp() - interval '${SERVED_SECONDS} seconds', false) as "isServed"
       from rollcall.projection p left join rollcall.partition_owner o on o.domain = p.domain
      where p.name = $1 and p.domain = coalesce($2::text, p.domain) group by p.domain, p.version`,
    [DIRECTORY, domain ?? null],
  );
  return parts.toSorted((a, b) => (a.domain < b.domain ? -1 : 1));
}

const whereOf = ({ kind, status, name, labels = [] }: DirectoryFilter): RowsQuery["where"] => [
  ...Object.entries({ kind, status, name }).flatMap(([column, value]) =>
    value === undefined ? [] : [{ column, test: "equals" as const, value }],
  ),
  ...(labels.length === 0 ? [] : [{ column: "labels", test: "all" as const, value: [...labels] }]),
];

const column = (name: string, type: ColumnSpec["type"]): ColumnSpec => ({
  ...{ name, type, nullable: false },
  index: name in DIRECTORY_INDEX ? DIRECTORY_INDEX[name as keyof typeof DIRECTORY_INDEX] : undefined,
});
/** The same in each domain: a contract that has others is refused. */
const COLUMNS: readonly ColumnSpec[] = [
  ...[column(DIRECTORY_KEY, "text"), column("name", "text"), column("kind", "text"), column("endpoints", "text[]")],
  ...[column("labels", "text[]"), column("status", "text"), column("since", "timestamptz")],
];

/** The part of a domain as it is read, also where nobody has its code. */
const specOf = ({ domain, version }: StoredPart): Parameters<typeof readRows>[1] =>
  ({
    ...{ domain, version, name: DIRECTORY, kind: "row", schema: schemaOf(domain), key: [DIRECTORY_KEY] },
    ...{ columns: COLUMNS, live: [], log: undefined },
  }) as unknown as ProjectionSpec;
