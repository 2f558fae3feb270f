import { z } from "zod";
import { readJournalPage } from "../../journal/stored-journal.ts";
import type { JournalPosition } from "../../../runtime/stored/journal.ts";
import { decodeCursor, encodeCursor } from "../server/cursor.ts";
import { apiRoute, CursorParam, type Http, LimitParam } from "../server/route-types.ts";
import type { DomainApi } from "../server/domain-api.ts";

/** Small enough that a page of the largest lines fits into memory many times. */
const PAGE_LINES = 200;

const Query = z.object({
  limit: LimitParam(PAGE_LINES),
  cursor: CursorParam,
  since: z.iso.datetime().optional().describe("only what was written from the beginning of that UTC day on"),
  state_version: z.coerce
    .number()
    .int()
    .min(1)
    .optional()
    .describe("of the reader's code: when it is higher than the one in force, entities without rows since come too"),
});
const Journal = z.object({
  items: z.array(z.looseObject({ line: z.enum(["journal", "contract", "row", "entity"]) })),
  next_cursor: z.string().nullable(),
});

export function addJournalRoutes(http: Http, { system: { store, name, config } }: DomainApi): void {
  http.get(
    "/journal",
    apiRoute(["reader"], {
      summary: "The journal in its order, as `rollcall replay` reads it",
      description:
        "The first page begins with the contracts that ran. A partition's rows come in the order of `seq`, and are " +
        "followed by its entities as they are stored. A line that can't be read, or is missing, is a problem with " +
        "the code JOURNAL_DAMAGED.",
      querystring: Query,
      response: { 200: Journal },
    }),
    async ({ query: { limit, cursor, since, state_version: stateVersion } }) => {
      const scope = `journal of ${name} ${since ?? ""}`;
      const position = cursor === undefined ? undefined : (decodeCursor(scope, cursor) as unknown as JournalPosition);
      const { lines, next } = await readJournalPage(store, name, config, {
        ...{ position, limit, since, stateVersion },
      });
      const items = lines as readonly object[] as z.infer<typeof Journal>["items"];
      return { items, next_cursor: next ? encodeCursor(scope, next) : null };
    },
  );
}
