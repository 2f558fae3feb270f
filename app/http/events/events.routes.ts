import { z } from "zod";
import type { Domain } from "../../../runtime/core/domain.ts";
import { isObject } from "../../../runtime/core/incoming-json.ts";
import type { System } from "../../host/system.ts";
import { assertMayActFor } from "../server/access.ts";
import { BatchingPublisher } from "./batching-publisher.ts";
import { type IncomingEvent, parseIncomingEvent } from "./incoming-event.ts";
import { type Http, PROBLEMS } from "../server/route-types.ts";
import { RegistrationWaits } from "./registration-waits.ts";
import { Problem } from "../server/problem.ts";
import { readRegistrations } from "../entities/registration-queries.ts";
import { RegistrationView, registrationView } from "../entities/registration-view.ts";

const WAITS_MAX = 1_000;

const Query = z.object({
  wait: z.enum(["active"]).optional().describe("answer when the node is ACTIVE, or its attempt has ended otherwise"),
  timeout: z
    .string()
    .regex(/^([1-9]|[1-5]\d|60)s$/, "1s to 60s")
    .default("5s")
    .transform((text) => Number(text.slice(0, -1)) * 1_000)
    .describe("how long to wait, 1s to 60s"),
});
const Accepted = z.object({ message_id: z.uuid().describe("by which the timeline shows what came of it") });

/** For the description alone: what is wrong is said by `parseIncomingEvent`, as the runtime would say it. */
function bodySchema({ consumed }: Domain) {
  const envelopes = consumed.map(({ type, message }) =>
    z.looseObject({
      envelope_id: z.string().optional().describe("identity of the message; made here if left out"),
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
  const { runtime, bus, store } = system;
  const publisher = new BatchingPublisher(bus);
  const waits = new RegistrationWaits(system);
  http.addHook("preClose", async () => waits.close());

  http.post(
    "/api/v1/events",
    {
      config: { access: ["node"] },
      schema: {
        summary: "Publishes an event or command to its topic: the bus for those without Kafka",
        description:
          "200 with the registration is the answer to wait=active only: the node is ACTIVE, or its attempt ended.",
        querystring: Query,
        body: bodySchema(system.domain),
        response: { 200: RegistrationView, 202: Accepted, ...PROBLEMS },
      },
    },
    async (request, reply) => {
      const { wait, timeout } = request.query;
      const { partitions, brokerTimeMs } = runtime.status();
      if (partitions === 0)
        throw new Problem("unavailable", "the runtime has not started yet", { retryAfterSeconds: 1 });
      if (!isObject(request.body)) throw new Problem("invalid-request", "send an envelope, or {payload_type, payload}");
      const { traceparent } = request.headers;
      const event = parseIncomingEvent(system.domain, request.body, {
        partitions,
        brokerTimeMs,
        traceparent: typeof traceparent === "string" ? traceparent : undefined,
      });
      assertMayActFor(request.caller, event.nodeId);
      if (wait === undefined) {
        await publisher.publish(event.outgoing);
        return reply.code(202).send({ message_id: event.messageId });
      }
      const entity = await publishAndWait(event, timeout);
      return reply.code(200).send(registrationView(entity));
    },
  );

  async function publishAndWait(event: IncomingEvent, timeoutMs: number) {
    if (waits.size >= WAITS_MAX)
      throw new Problem("overloaded", "too many requests wait for an outcome", { retryAfterSeconds: 1 });
    // Begun first: the outcome may be there before the bus has answered.
    const outcome = waits.untilSettled(event, "ACTIVE", timeoutMs);
    await publisher.publish(event.outgoing);
    return (await outcome) ?? (await throwTimeout(event, timeoutMs));
  }

  async function throwTimeout({ messageId, nodeId }: IncomingEvent, timeoutMs: number): Promise<never> {
    const more = { message_id: messageId, node_id: nodeId };
    if (waits.isClosed)
      throw new Problem("unavailable", "the process is leaving; the event is published", { extensions: more });
    const [entity] = await readRegistrations(store, system.domain.name, [nodeId]);
    const state = entity?.state ?? null;
    const detail =
      `after ${timeoutMs / 1_000} s ${nodeId} is ${state ?? "not known yet"}; the event is ` +
      "published and goes on: see its timeline";
    throw new Problem("timeout", detail, { extensions: { ...more, state } });
  }
}
