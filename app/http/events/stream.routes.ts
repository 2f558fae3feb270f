import { z } from "zod";
import type { System } from "../../host/compose.ts";
import type { Access } from "../server/access.ts";
import { apiRoute, type Http } from "../server/route-types.ts";
import type { DomainApi } from "../server/domain-api.ts";

const Headers = z.object({
  "last-event-id": z.string().max(16_384).optional().describe("the id of the last event read: continues behind it"),
});

/** Of a domain's stream: its types may be named one by one. */
export function eventTypesParam(system: System) {
  const Type = z.string().refine((type) => system.domain.topicByEventType.has(type), {
    error: () => `one of ${[...system.domain.topicByEventType.keys()].join(", ")}`,
  });
  return z
    .union([z.string(), z.array(z.string())])
    .transform((given) => [given].flat().flatMap((text) => text.split(",")))
    .pipe(z.array(Type).min(1).max(64))
    .optional()
    .describe("only events of these types: repeated, or with commas");
}

/** @param more of the route's description */
export const streamRoute = <Query extends z.ZodType>(access: Access, querystring: Query, more: object = {}) => ({
  // The answer never ends, so a HEAD request would hold its connection and its place among the streams.
  exposeHeadRoute: false,
  ...apiRoute(access, {
    summary: "Every published event of all processes, as server-sent events whose data is the envelope",
    ...more,
    querystring,
    headers: Headers,
    response: { 200: { content: { "text/event-stream": { schema: z.string() } } } },
  }),
});

export function addStreamRoutes(http: Http, api: DomainApi): void {
  const entity_id = z.string().min(1).max(255).optional().describe("only events of this entity");
  const Query = z.object({ type: eventTypesParam(api.system), entity_id });
  http.get(
    "/events/stream",
    streamRoute(["reader"], Query),
    async ({ query: { type: types, entity_id: entityId }, headers }, reply) =>
      api.streams.send(reply, { types, entityId }, headers["last-event-id"]),
  );
}
