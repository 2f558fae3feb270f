import { z } from "zod";
import { NodeId } from "../../../contracts/registration/messages/fields.ts";
import { Accepted, eventBodySchema } from "../../http/events/events.routes.ts";
import { parseIncomingEvent, sealedEvent } from "../../http/events/incoming-event.ts";
import { eventTypesParam, streamRoute } from "../../http/events/stream.routes.ts";
import { assertMayActFor } from "../../http/server/access.ts";
import type { DomainApi } from "../../http/server/domain-api.ts";
import { apiRoute, type Http } from "../../http/server/route-types.ts";
import { publishAndAwaitActive } from "./await-active.ts";
import { RegistrationView, registrationView } from "./registration-view.ts";

const Query = z.object({
  wait: z
    .enum(["active"])
    .optional()
    .describe("answer when the node is ACTIVE, or its attempt has ended in another state"),
  timeout: z
    .string()
    .regex(/^([1-9]|[1-5]\d|60)s$/, "1s to 60s")
    .default("5s")
    .transform((text) => Number(text.slice(0, -1)) * 1_000)
    .describe("how long to wait, 1s to 60s"),
});

/** Messages as nodes without a Kafka client send and read them. */
export function addEventRoutes(http: Http, { system, publisher, streams }: DomainApi): void {
  const closing = new AbortController();
  http.addHook("preClose", async () => closing.abort());

  http.post(
    "/events",
    apiRoute(["node"], {
      summary: "Publishes an event or command to its topic, for nodes without a Kafka client",
      description: "200 answers wait=active only, with the registration: the node is ACTIVE, or its attempt has ended.",
      querystring: Query,
      body: eventBodySchema(system.domain),
      response: { 200: RegistrationView, 202: Accepted },
    }),
    async ({ query: { wait, timeout }, body, headers, caller }, reply) => {
      const parsed = parseIncomingEvent(system, body, headers["traceparent"]);
      assertMayActFor(caller, parsed.entityId);
      const event = await sealedEvent(system, parsed, caller);
      if (wait === undefined) {
        await publisher.publish(event.outgoing);
        return reply.code(202).send({ message_id: event.messageId });
      }
      const waiting = { timeoutMs: timeout, closing: closing.signal };
      const entity = await publishAndAwaitActive({ system, publisher }, event, waiting);
      return reply.code(200).send(registrationView(entity));
    },
  );

  const StreamQuery = z.object({
    type: eventTypesParam(system),
    node_id: NodeId.optional().describe("only events of this node"),
  });
  http.get(
    "/events/stream",
    streamRoute(["reader", "node"], StreamQuery, {
      description: "A node's token gets the events of its own nodes only.",
    }),
    async ({ query: { type: types, node_id: entityId }, headers, caller: { mayActFor: mayRead } }, reply) =>
      streams.send(reply, { types, entityId, mayRead }, headers["last-event-id"]),
  );
}
