import { v7 } from "uuid";
import { z } from "zod";
import { NODE_TYPES, NodeId } from "../../../contracts/registration/messages/fields.ts";
import { NodeIntrospectionEvent } from "../../../contracts/registration/messages/node-introspection-event.ts";
import type { RegistrationState } from "../../../contracts/registration/messages/state.ts";
import type { Entity } from "../../../runtime/core/entity.ts";
import { recordOperatorDecision } from "../../../runtime/stored/operator-decisions.ts";
import type { System } from "../../host/compose.ts";
import { retryPendingIntents } from "../../http/entities/entity-history.ts";
import { EntityListQuery, listEntities, listOf, requireEntity } from "../../http/entities/entity-queries.ts";
import { readExplanation } from "../../http/entities/read-explanation.ts";
import { Timeline, timelinePage, TimelineQuery } from "../../http/entities/timeline.ts";
import { type IncomingEvent, parseIncomingEvent } from "../../http/events/incoming-event.ts";
import type { DomainApi } from "../../http/server/domain-api.ts";
import { parseBody } from "../../http/server/json-body.ts";
import { decisionBy, Reason } from "../../http/server/operator-decision.ts";
import { Problem } from "../../http/server/problem.ts";
import { apiRoute, type Http } from "../../http/server/route-types.ts";
import {
  RegistrationExplanation,
  registrationExplanation,
  RegistrationTimelineItem,
  registrationTimelineItem,
  RegistrationView,
  registrationView,
} from "./registration-view.ts";

const Params = z.object({ node_id: NodeId });
const ListQuery = EntityListQuery.extend({
  node_type: z.enum(NODE_TYPES).optional(),
  capability: z.string().min(1).max(255).optional().describe("a capability that the node has"),
  q: EntityListQuery.shape.q.describe("a part of the node's id or name, in any case"),
});

const PUBLISH_MS = 10_000;
const OPERATOR_SOURCE = "operator";

const RetryBody = z.object({ reason: Reason });
const RetryResult = z.object({
  message_id: z
    .uuid()
    .nullable()
    .describe("of the introspection that was published again; null: pending intents were retried"),
  intents: z.int().describe("pending intents that are retried now"),
});

export function addRegistrationRoutes(http: Http, api: DomainApi): void {
  addListRoute(http, api);
  addNodeRoutes(http, api);
  addRetryRoute(http, api);
}

function addListRoute(http: Http, { system }: DomainApi): void {
  http.get(
    "/registrations",
    apiRoute(["reader"], {
      summary: "The registrations, by node id",
      querystring: ListQuery,
      response: { 200: listOf(RegistrationView) },
    }),
    async ({ query }) =>
      listEntities(system, query, registrationView, {
        data: [
          { path: ["node", "node_type"], equals: query.node_type },
          { path: ["node", "capabilities"], includes: query.capability },
        ],
        partAlsoAt: [["node", "node_name"]],
      }),
  );
}

function addNodeRoutes(http: Http, api: DomainApi): void {
  const { system } = api;

  http.get(
    "/registrations/:node_id",
    apiRoute(["reader", "node"], {
      summary: "One node's registration",
      params: Params,
      response: { 200: RegistrationView },
    }),
    async ({ params: { node_id } }) => registrationView(await requireEntity(system, node_id, "node")),
  );

  http.get(
    "/registrations/:node_id/timeline",
    apiRoute(["reader", "node"], {
      summary: "The journal of a node, in order, with the reason of each decision; the newest page first",
      params: Params,
      querystring: TimelineQuery,
      response: { 200: Timeline.extend({ items: z.array(RegistrationTimelineItem) }) },
    }),
    async ({ params: { node_id }, query }) => {
      const { items, ...page } = await timelinePage(system, node_id, query, "node");
      return { items: items.map(registrationTimelineItem), ...page };
    },
  );

  http.get(
    "/registrations/:node_id/explanation",
    apiRoute(["reader", "node"], {
      summary: "Why a node is in its state, and what can change it",
      description: "Also answers for an unknown node: its messages may be in the dead letters.",
      params: Params,
      response: { 200: RegistrationExplanation },
    }),
    async ({ params: { node_id } }) => registrationExplanation(await readExplanation(api, node_id)),
  );
}

function addRetryRoute(http: Http, { system }: DomainApi): void {
  const { store, bus } = system;

  http.post(
    "/registrations/:node_id/retry",
    apiRoute([], {
      summary: "Retries this registration",
      description:
        "If the attempt has ended, the node's last introspection is published again as a new message, and a new " +
        "attempt begins by the contract's rules. Otherwise pending intents that wait for their next try are " +
        "tried at once.",
      params: Params,
      body: RetryBody,
      response: { 202: RetryResult },
    }),
    async ({ params: { node_id }, body, caller: { identity } }, reply) => {
      const { reason } = parseBody(RetryBody, body, "{reason}: why it is tried again");
      const entity = await requireEntity(system, node_id, "node");
      const decision = decisionBy(system, identity, reason);
      if (!hasEnded(system, entity)) {
        const intents = await retryPendingIntents(system, entity);
        await recordOperatorDecision(store, "registration retry: intents", node_id, decision);
        return reply.code(202).send({ message_id: null, intents });
      }
      const { outgoing, messageId } = lastIntrospection(system, entity);
      // Recorded before it is published: a message without a decision could not be explained later.
      await recordOperatorDecision(store, "registration retry: introspection", node_id, decision);
      await bus.publish([{ ...outgoing, headers: { ...outgoing.headers, source: OPERATOR_SOURCE } }], {
        timeoutMs: PUBLISH_MS,
      });
      return reply.code(202).send({ message_id: messageId, intents: 0 });
    },
  );
}

const hasEnded = ({ domain }: System, { state }: Entity): boolean =>
  domain.orchestrator.states.get(state ?? "")?.terminal === true;

/** A new introspection with the node's last data, but without its time and reason, which were those of the first. */
function lastIntrospection(system: System, { id, data }: Entity): IncomingEvent {
  const { node } = data as RegistrationState;
  if (!node) throw new Problem("conflict", `the last introspection of ${id} is not known: it must introspect again`);
  const { introspected_at: _at, ...payload } = node;
  const envelope = {
    envelope_id: v7(),
    source_tool: OPERATOR_SOURCE,
    payload_type: NodeIntrospectionEvent.messageType,
    payload,
  };
  return parseIncomingEvent(system, envelope);
}
