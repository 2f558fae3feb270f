import { z } from "zod";
import type { Domain } from "../../../runtime/core/domain.ts";
import type { System } from "../../host/compose.ts";
import { assertMayActFor } from "../server/access.ts";
import { BatchingPublisher } from "./batching-publisher.ts";
import { type IncomingEvent, parseIncomingEvent } from "./incoming-event.ts";
import { apiRoute, type Http } from "../server/route-types.ts";
import { RegistrationWaits } from "./registration-waits.ts";
import { Problem } from "../server/problem.ts";
import { readRegistrations } from "../entities/registration-queries.ts";
import { RegistrationView, registrationView } from "../entities/registration-view.ts";

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
const Accepted = z.object({ message_id: z.uuid().describe("identifies the event in the timeline") });

/** For the OpenAPI description only: `parseIncomingEvent` checks a body, with the errors that the runtime reports. */
function bodySchema({ consumed }: Domain) {
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

export function addEventRoutes(http: Http, system: System): void {
  const publisher = new BatchingPublisher(system.bus);
  const waits = new RegistrationWaits(system);
  http.addHook("preClose", async () => waits.close());

  http.post(
    "/api/v1/events",
    apiRoute(["node"], {
      summary: "Publishes an event or command to its topic, for nodes without a Kafka client",
      description: "200 answers wait=active only, with the registration: the node is ACTIVE, or its attempt has ended.",
      querystring: Query,
      body: bodySchema(system.domain),
      response: { 200: RegistrationView, 202: Accepted },
    }),
    async ({ query: { wait, timeout }, body, headers, caller }, reply) => {
      const event = parseIncomingEvent(system, body, headers["traceparent"]);
      assertMayActFor(caller, event.nodeId);
      if (wait === undefined) {
        await publisher.publish(event.outgoing);
        return reply.code(202).send({ message_id: event.messageId });
      }
      // Before it is published: the outcome may come before the bus confirms.
      const outcome = waits.untilSettled(event, timeout);
      await publisher.publish(event.outgoing);
      const entity = await outcome;
      if (!entity) throw await timeoutProblem(system, event, timeout, waits.isClosed);
      return reply.code(200).send(registrationView(entity));
    },
  );
}

async function timeoutProblem(
  { store, domain }: System,
  { messageId, nodeId }: IncomingEvent,
  timeoutMs: number,
  isStopping: boolean,
): Promise<Problem> {
  const extensions = { message_id: messageId, node_id: nodeId };
  if (isStopping) return new Problem("unavailable", "the process is stopping; the event was published", { extensions });
  const [entity] = await readRegistrations(store, domain.name, [nodeId]);
  const state = entity?.state ?? null;
  const detail =
    `after ${timeoutMs / 1_000} s ${nodeId} is ${state ?? "not known yet"}; the event was published and is still ` +
    "processed: see the timeline";
  return new Problem("timeout", detail, { extensions: { ...extensions, state } });
}
