import { v7 } from "uuid";
import { z } from "zod";
import { NodeIntrospectionEvent } from "../../../contracts/registration/messages/node-introspection-event.ts";
import type { RegistrationState } from "../../../contracts/registration/messages/state.ts";
import type { Entity } from "../../../runtime/core/entity.ts";
import { recordOperatorDecision } from "../../../runtime/shell/operators/operator-decision.ts";
import type { System } from "../../host/system.ts";
import { type IncomingEvent, parseIncomingEvent } from "../events/incoming-event.ts";
import { type Http, NodeParams, PROBLEMS } from "../server/route-types.ts";
import { parseBody } from "../server/json-body.ts";
import { notFound, Problem } from "../server/problem.ts";
import { readRegistrations } from "./registration-queries.ts";

const PUBLISH_MS = 10_000;
const OPERATOR_SOURCE = "operator";

const Body = z.object({
  reason: z.string().min(1).max(1_024).describe("why: it is kept in rollcall.operator_decision"),
});
const RetryResult = z.object({
  message_id: z
    .uuid()
    .nullable()
    .describe("of the introspection that was published again; null: pending intents were retried"),
  intents: z.int().describe("intents that waited for their next try and are tried at once"),
});

export function addRetryRoutes(http: Http, system: System): void {
  const { store, bus, runtime } = system;

  http.post(
    "/api/v1/registrations/:node_id/retry",
    {
      config: { access: [] },
      schema: {
        summary: "Retries this registration",
        description:
          "Of an attempt that has ended, the introspection is published again as a new message, and a new " +
          "attempt begins " +
          "by the contract's rules. Of one under way, the intents that wait for their next try are tried at once.",
        params: NodeParams,
        body: Body,
        response: { 202: RetryResult, ...PROBLEMS },
      },
    },
    async ({ params: { node_id }, body, caller: { identity: who } }, reply) => {
      const { reason } = parseBody(Body, body, "{reason}: why it is tried again");
      const [entity] = await readRegistrations(store, system.domain.name, [node_id]);
      if (!entity) throw notFound(`no node ${node_id} is known`);
      const decision = { domain: system.domain.name, who, reason, atMs: runtime.brokerTimeMs };
      const event = hasEnded(entity) ? introspectionOf(entity) : undefined;
      if (!event) {
        const intents = runtime.retryNow(node_id);
        if (intents === 0) throw new Problem("conflict", await describePendingIntents(entity));
        await recordOperatorDecision(store, "registration retry: intents", node_id, decision);
        return reply.code(202).send({ message_id: null, intents });
      }
      // First the word: of what is published without it nobody would know why.
      await recordOperatorDecision(store, "registration retry: introspection", node_id, decision);
      await bus.publish([{ ...event.outgoing, headers: { ...event.outgoing.headers, source: OPERATOR_SOURCE } }], {
        timeoutMs: PUBLISH_MS,
      });
      return reply.code(202).send({ message_id: event.messageId, intents: 0 });
    },
  );

  const hasEnded = ({ state }: Entity): boolean =>
    system.domain.orchestrator.states.get(state ?? "")?.terminal === true;

  /** The last one that counted, as the node's data have it: without its time and its reason, which were of that day. */
  function introspectionOf({ id, data }: Entity): IncomingEvent {
    const { node } = data as RegistrationState;
    if (!node) throw new Problem("conflict", `what ${id} told about itself is not known: it must introspect again`);
    const { introspected_at: _at, ...payload } = node;
    const { partitions } = runtime.status();
    const envelope = {
      envelope_id: v7(),
      source_tool: OPERATOR_SOURCE,
      payload_type: NodeIntrospectionEvent.messageType,
    };
    return parseIncomingEvent(
      system.domain,
      { ...envelope, payload },
      { partitions, brokerTimeMs: runtime.brokerTimeMs },
    );
  }

  async function describePendingIntents({ id, state }: Entity): Promise<string> {
    const pending = await store.query<{ type: string }>(
      `select type from rollcall.intent where domain = $1 and entity_id = $2 order by seq`,
      [system.domain.name, id],
    );
    if (pending.length === 0) return `${id} is ${state}: there is nothing to try again`;
    const types = pending.map(({ type }) => type).join(", ");
    return (
      `${id} is ${state} and waits for ${types}: it is being tried, or another process tries it, by ` +
      "itself and again after each failure"
    );
  }
}
