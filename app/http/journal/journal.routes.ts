import { z } from "zod";
import { PAGE_ROWS } from "../../journal/journal-source.ts";
import { journalHead, journalLines, type JournalPlace } from "../../journal/journal-pages.ts";
import type { System } from "../../host/system.ts";
import { decodeCursor, encodeCursor } from "../server/cursor.ts";
import { Cursor, type Http, Limit, PROBLEMS } from "../server/route-types.ts";

const Query = z.object({
  limit: Limit(PAGE_ROWS),
  cursor: Cursor,
  since: z.iso.datetime().optional().describe("only nodes with a row since then, but with all of their rows"),
});
const Journal = z.object({
  items: z.array(z.looseObject({ line: z.enum(["journal", "contract", "row", "entity"]) })),
  next_cursor: z.string().nullable(),
});

export function addJournalRoutes(http: Http, { store, domain, config }: System): void {
  http.get(
    "/api/v1/journal",
    {
      config: { access: ["reader"] },
      schema: {
        summary: "The journal, node by node: what `rollcall replay` takes again",
        description: "Its first page begins with the contracts that ran; behind a node's rows stands how it is now.",
        querystring: Query,
        response: { 200: Journal, ...PROBLEMS },
      },
    },
    async ({ query: { limit, cursor, since } }) => {
      const scope = `journal ${since ?? ""}`;
      const place = cursor === undefined ? undefined : (decodeCursor(scope, cursor) as unknown as JournalPlace);
      const head = place === undefined ? await journalHead(store, domain.name, config) : [];
      const { lines, next } = await journalLines(store, domain.name, place, { limit, since });
      const items = [...head, ...lines] as readonly object[] as z.infer<typeof Journal>["items"];
      return { items, next_cursor: next ? encodeCursor(scope, next) : null };
    },
  );
}
