import { z } from "zod";
import { recordOperatorDecision } from "../../../runtime/stored/operator-decisions.ts";
import { parseBody } from "../server/json-body.ts";
import { decisionBy, Reason } from "../server/operator-decision.ts";
import { apiRoute, type Http } from "../server/route-types.ts";
import type { DomainApi } from "../server/domain-api.ts";
import { retryPendingIntents } from "./entity-history.ts";
import { EntityListQuery, EntityParams as Params, listEntities, listOf, requireEntity } from "./entity-queries.ts";
import { EntityView, entityView } from "./entity-view.ts";
import { Explanation } from "./explanation.ts";
import { addMessageStatusRoute } from "./message-status.ts";
import { addPurgeRoute } from "./purge.ts";
import { readExplanation } from "./read-explanation.ts";
import { Timeline, timelinePage, TimelineQuery } from "./timeline.ts";

const RetryBody = z.object({ reason: Reason });
const RetryResult = z.object({ intents: z.int().describe("pending intents that are tried now") });

/** The entities of a domain, whatever it calls them. */
export function addEntityRoutes(http: Http, api: DomainApi): void {
  const { system } = api;
  addMessageStatusRoute(http, system);

  http.get(
    "/entities",
    apiRoute(["reader"], {
      summary: "The entities, by id",
      querystring: EntityListQuery,
      response: { 200: listOf(EntityView) },
    }),
    async ({ query }) => listEntities(system, query, entityView),
  );

  http.get(
    "/entities/:id",
    apiRoute(["reader"], { summary: "One entity", params: Params, response: { 200: EntityView } }),
    async ({ params: { id } }) => entityView(await requireEntity(system, id)),
  );

  http.get(
    "/entities/:id/timeline",
    apiRoute(["reader"], {
      summary: "The journal of an entity, in order, with the reason of each decision; the newest page first",
      params: Params,
      querystring: TimelineQuery,
      response: { 200: Timeline },
    }),
    async ({ params: { id }, query }) => timelinePage(system, id, query),
  );

  http.get(
    "/entities/:id/explanation",
    apiRoute(["reader"], {
      summary: "Why an entity is in its state, and what can change it",
      description: "Also answers for an unknown entity: its messages may be in the dead letters.",
      params: Params,
      response: { 200: Explanation },
    }),
    async ({ params: { id } }) => readExplanation(api, id),
  );

  http.post(
    "/entities/:id/retry",
    apiRoute([], {
      summary: "Tries an entity's pending intents at once",
      params: Params,
      body: RetryBody,
      response: { 202: RetryResult },
    }),
    async ({ params: { id }, body, caller: { identity } }, reply) => {
      const { reason } = parseBody(RetryBody, body, "{reason}: why it is tried again");
      const intents = await retryPendingIntents(system, await requireEntity(system, id));
      await recordOperatorDecision(system.store, "entity retry: intents", id, decisionBy(system, identity, reason));
      return reply.code(202).send({ intents });
    },
  );

  addPurgeRoute(http, api);
}
