import { v7 } from "uuid";
import { z } from "zod";
import { NodeIntrospectionEvent } from "../../../contracts/registration/messages/node-introspection-event.ts";
import type { RegistrationState } from "../../../contracts/registration/messages/state.ts";
import type { Entity } from "../../../runtime/core/entity.ts";
import { recordOperatorDecision } from "../../../runtime/shell/operators/operator-decision.ts";
import type { System } from "../../host/system.ts";
import { type IncomingEvent, parseIncomingEvent } from "../events/incoming-event.ts";
import { parseBody } from "../server/json-body.ts";
import { decisionBy, Reason } from "../server/operator-decision.ts";
import { notFound, Problem } from "../server/problem.ts";
import { apiRoute, type Http, NodeParams } from "../server/route-types.ts";
import { readPendingIntents } from "./explanation-queries.ts";
import { readRegistrations } from "./registration-queries.ts";

const PUBLISH_MS = 10_000;
const OPERATOR_SOURCE = "operator";

const Body = z.object({ reason: Reason });
const RetryResult = z.object({
  message_id: z
    .uuid()
    .nullable()
    .describe("of the introspection that was published again; null: pending intents were retried"),
  intents: z.int().describe("pending intents that are retried now"),
});

export function addRetryRoutes(http: Http, system: System): void {
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
      body: Body,
      response: { 202: RetryResult },
    }),
    async ({ params: { node_id }, body, caller: { identity } }, reply) => {
      const { reason } = parseBody(Body, body, "{reason}: why it is tried again");
      const [entity] = await readRegistrations(store, system.domain.name, [node_id]);
      if (!entity) throw notFound(`no node ${node_id} is known`);
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
