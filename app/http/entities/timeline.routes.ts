import { z } from "zod";
import type { System } from "../../host/system.ts";
import { decodeCursor, pageOf } from "../server/cursor.ts";
import { apiRoute, CursorParam, type Http, LimitParam, NodeParams } from "../server/route-types.ts";
import { notFound } from "../server/problem.ts";
import { readRegistrations } from "./registration-queries.ts";
import { TimelineItem, readTimeline } from "./timeline.ts";

const Query = z.object({
  limit: LimitParam(200),
  cursor: CursorParam,
  envelopes: z.enum(["true", "false"]).default("false").describe("true: events with their envelopes as published"),
  order: z.enum(["oldest", "newest"]).default("oldest").describe("newest: only the last page; it has no cursor"),
});
const Timeline = z.object({ items: z.array(TimelineItem), next_cursor: z.string().nullable() });

export function addTimelineRoutes(http: Http, { store, domain }: System): void {
  http.get(
    "/api/v1/registrations/:node_id/timeline",
    apiRoute(["reader", "node"], {
      summary: "The journal of a node, in order, with the reason of each decision",
      params: NodeParams,
      querystring: Query,
      response: { 200: Timeline },
    }),
    async ({ params: { node_id }, query: { limit, cursor, order, ...query } }) => {
      const scope = `timeline ${node_id}`;
      const after = cursor === undefined ? undefined : positionOf(decodeCursor(scope, cursor));
      const newest = order === "newest";
      const envelopes = query.envelopes === "true";
      const page = { after, limit: newest ? limit : limit + 1, newest, envelopes };
      const found = await readTimeline(store, domain.name, node_id, page);
      if (found.length === 0 && after === undefined) await assertKnown(node_id);
      return pageOf(found, limit, scope, ({ at, partition, seq }) => [at, partition, seq]);
    },
  );

  /** A known node may have an empty timeline: its journal may have been dropped. */
  async function assertKnown(nodeId: string): Promise<void> {
    const [entity] = await readRegistrations(store, domain.name, [nodeId]);
    if (!entity) throw notFound(`no node ${nodeId} is known`);
  }
}

const positionOf = ([at = "", partition = 0, seq = 0]: readonly (string | number)[]) => ({
  at: String(at),
  partition: Number(partition),
  seq: Number(seq),
});
