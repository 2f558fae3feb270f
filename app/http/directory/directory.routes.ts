import { z } from "zod";
import { DirectoryShape } from "../../../runtime/core/directory.ts";
import type { Store } from "../../../runtime/ports/store.ts";
import { readDirectory } from "../../../runtime/stored/directory.ts";
import { decodeCursor, foreignCursor, pageOf } from "../server/cursor.ts";
import { apiRoute, type Http } from "../server/route-types.ts";

export const DIRECTORY_PATH = "/api/v1/directory";

const Entry = DirectoryShape.extend({
  domain: z.string(),
  id: z.string().describe("of the entity"),
  unserved_since: z.iso
    .datetime()
    .nullable()
    .describe("since when no process serves the domain, so that the entry may be an old one"),
});
export const DirectoryView = z.object({ items: z.array(Entry), next_cursor: z.string().nullable() });
export type DirectoryView = z.infer<typeof DirectoryView>;

const text = z.string().min(1).max(255).optional();
const Query = z.object({
  ...{ domain: text, kind: text, status: text, name: text },
  label: z
    .union([z.string(), z.array(z.string()).max(16)])
    .optional()
    .describe("repeated: entries that have all of them"),
  limit: z.coerce.number().int().min(1).max(1_000).default(100),
  cursor: z.string().max(2_048).optional(),
});

export function addDirectoryRoutes(http: Http, store: Store): void {
  http.get(
    DIRECTORY_PATH,
    apiRoute(["reader"], {
      summary: "What there is to be found, of all domains of the store",
      description: "By domain and id. Entries of a domain that no process serves stay, and say since when.",
      querystring: Query,
      response: { 200: DirectoryView },
    }),
    async ({ query: { label, limit, cursor, ...filter } }) => {
      const labels = label === undefined ? [] : [label].flat();
      const scope = JSON.stringify(["directory", filter, labels]);
      const after = cursor === undefined ? undefined : placeOf(decodeCursor(scope, cursor));
      const found = await readDirectory(store, { ...filter, labels }, { after, limit: limit + 1 });
      return pageOf([...found], limit, scope, ({ domain, id }) => [domain, id]);
    },
  );
}

function placeOf([domain, id]: readonly (string | number)[]): readonly [string, string] {
  if (typeof domain === "string" && typeof id === "string") return [domain, id];
  throw foreignCursor();
}
