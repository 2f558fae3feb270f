import { z } from "zod";
import { PAGE_ROWS } from "../../journal/journal-source.ts";
import { readJournalHead, readJournalPage, type JournalPosition } from "../../journal/journal-pages.ts";
import { decodeCursor, encodeCursor } from "../server/cursor.ts";
import { apiRoute, CursorParam, type Http, LimitParam } from "../server/route-types.ts";
import type { DomainApi } from "../server/domain-api.ts";

const Query = z.object({
  limit: LimitParam(PAGE_ROWS),
  cursor: CursorParam,
  since: z.iso.datetime().optional().describe("only entities with a row since then, each with all of its rows"),
});
const Journal = z.object({
  items: z.array(z.looseObject({ line: z.enum(["journal", "contract", "row", "entity"]) })),
  next_cursor: z.string().nullable(),
});

export function addJournalRoutes(http: Http, { system: { store, name, config } }: DomainApi): void {
  http.get(
    "/journal",
    apiRoute(["reader"], {
      summary: "The journal, entity by entity, as `rollcall replay` reads it",
      description:
        "The first page begins with the contracts that ran. An entity's rows are followed by its current state.",
      querystring: Query,
      response: { 200: Journal },
    }),
    async ({ query: { limit, cursor, since } }) => {
      const scope = `journal of ${name} ${since ?? ""}`;
      const place = cursor === undefined ? undefined : (decodeCursor(scope, cursor) as unknown as JournalPosition);
      const head = place === undefined ? await readJournalHead(store, name, config) : [];
      const { lines, next } = await readJournalPage(store, name, place, { limit, since });
      const items = [...head, ...lines] as readonly object[] as z.infer<typeof Journal>["items"];
      return { items, next_cursor: next ? encodeCursor(scope, next) : null };
    },
  );
}
