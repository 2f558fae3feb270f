import { v7 } from "uuid";
import { z } from "zod";
import { NODE_TYPES } from "../../../contracts/registration/messages/fields.ts";
import { NodeIntrospectionEvent } from "../../../contracts/registration/messages/node-introspection-event.ts";
import type { RegistrationState } from "../../../contracts/registration/messages/state.ts";
import type { Entity } from "../../../runtime/core/entity.ts";
import { recordOperatorDecision } from "../../../runtime/shell/operators/operator-decision.ts";
import type { System } from "../../host/compose.ts";
import { type IncomingEvent, parseIncomingEvent } from "../events/incoming-event.ts";
import { decodeCursor, pageOf } from "../server/cursor.ts";
import { parseBody } from "../server/json-body.ts";
import { decisionBy, Reason } from "../server/operator-decision.ts";
import { Problem } from "../server/problem.ts";
import { apiRoute, CursorParam, type Http, LimitParam, NodeParams } from "../server/route-types.ts";
import {
  countRegistrations,
  findRegistrations,
  readPendingIntents,
  requireRegistration,
  SKIP_MAX,
} from "./registration-queries.ts";
import { RegistrationView, registrationView } from "./registration-view.ts";

const ListQuery = z.object({
  state: z.string().max(255).optional().describe("the orchestrator's state, by its name in the contract"),
  reducer_state: z.string().max(255).optional().describe("the reducer's state, by its name in the contract"),
  node_type: z.enum(NODE_TYPES).optional(),
  capability: z.string().min(1).max(255).optional().describe("a capability that the node has"),
  q: z.string().min(1).max(255).optional().describe("a part of the node's id or name, in any case"),
  limit: LimitParam(100),
  cursor: CursorParam,
  skip: z.coerce
    .number()
    .int()
    .min(0)
    .max(SKIP_MAX)
    .default(0)
    .describe("items to skip behind the cursor, or from the beginning"),
  count: z.enum(["true", "false"]).default("false").describe("true: also the total"),
});
const List = z.object({
  items: z.array(RegistrationView),
  next_cursor: z.string().nullable(),
  total: z
    .int()
    .optional()
    .describe("with count=true: how many match these filters; 1,000,000 means that many or more"),
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

export function addRegistrationRoutes(http: Http, system: System): void {
  addReadRoutes(http, system);
  addRetryRoute(http, system);
}

function addReadRoutes(http: Http, system: System): void {
  const { store, domain } = system;
  http.get(
    "/api/v1/registrations",
    apiRoute(["reader"], {
      summary: "The registrations, by node id",
      querystring: ListQuery,
      response: { 200: List },
    }),
    async ({ query: { limit, cursor, skip, count, ...filter } }) => {
      const scope = `registrations ${JSON.stringify(filter)}`;
      const [after = ""] = cursor === undefined ? [] : decodeCursor(scope, cursor);
      const page = { after: String(after), skip, limit: limit + 1 };
      const found = await findRegistrations(store, domain.name, filter, page);
      const { items, next_cursor } = pageOf(found.map(registrationView), limit, scope, ({ node_id }) => [node_id]);
      if (count === "false") return { items, next_cursor };
      // A count with a filter reads every node, and a single page is counted already.
      const isAll = cursor === undefined && skip === 0 && next_cursor === null;
      return { items, next_cursor, total: isAll ? items.length : await countRegistrations(store, domain.name, filter) };
    },
  );

  http.get(
    "/api/v1/registrations/:node_id",
    apiRoute(["reader", "node"], {
      summary: "One node's registration",
      params: NodeParams,
      response: { 200: RegistrationView },
    }),
    async ({ params: { node_id } }) => registrationView(await requireRegistration(system, node_id)),
  );
}

function addRetryRoute(http: Http, system: System): void {
  const { store, bus, runtime } = system;

  http.post(
    "/api/v1/registrations/:node_id/retry",
    apiRoute([], {
      summary: "Retries this registration",
      description:
        "If the attempt has ended, the node's last introspection is published again as a new message, and a new " +
        "attempt begins by the contract's rules. Otherwise pending intents that wait for their next try are " +
        "tried at once.",
      params: NodeParams,
      body: RetryBody,
      response: { 202: RetryResult },
    }),
    async ({ params: { node_id }, body, caller: { identity } }, reply) => {
      const { reason } = parseBody(RetryBody, body, "{reason}: why it is tried again");
      const entity = await requireRegistration(system, node_id);
      const decision = decisionBy(system, identity, reason);
      if (!hasEnded(system, entity)) {
        const intents = runtime.retryNow(node_id);
        if (intents === 0) throw new Problem("conflict", await describePendingIntents(system, entity));
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

async function describePendingIntents(system: System, { id, state }: Entity): Promise<string> {
  const pending = await readPendingIntents(system, id);
  if (pending.length === 0) return `${id} is ${state}: there is nothing to retry`;
  const types = pending.map(({ type }) => type).join(", ");
  return `${id} is ${state} and is waiting for ${types}: it is being tried now, or another process retries it`;
}
