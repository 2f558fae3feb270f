import { z } from "zod";
import type { Domain } from "../../../runtime/core/domain.ts";
import { apiRoute, type Http } from "../server/route-types.ts";
import type { DomainApi } from "../server/domain-api.ts";
import { parseIncomingEvent, sealedEvent } from "./incoming-event.ts";

export const Accepted = z.object({ message_id: z.uuid().describe("identifies the event in the timeline") });

/** For the OpenAPI description only: `parseIncomingEvent` checks a body, with the errors that the runtime reports. */
export function eventBodySchema({ consumed }: Domain) {
  const envelopes = consumed.map(({ type, message }) =>
    z.looseObject({
      envelope_id: z.string().optional().describe("identifies the message; generated if left out"),
      envelope_timestamp: z.iso.datetime({ offset: true }).optional(),
      correlation_id: z.string().optional(),
      source_tool: z.string().optional(),
      payload_type: z.literal(type),
      payload: message.schema,
    }),
  );
  return z.union(envelopes);
}

export function addEventRoutes(http: Http, { system, publisher }: DomainApi): void {
  http.post(
    "/events",
    apiRoute([], {
      summary: "Publishes an event or command to its topic",
      body: eventBodySchema(system.domain),
      response: { 202: Accepted },
    }),
    async ({ body, headers, caller }, reply) => {
      const event = await sealedEvent(system, parseIncomingEvent(system, body, headers["traceparent"]), caller);
      await publisher.publish(event.outgoing);
      return reply.code(202).send({ message_id: event.messageId });
    },
  );
}
