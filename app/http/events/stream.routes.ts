import type { OutgoingHttpHeaders } from "node:http";
import { z } from "zod";
import { NodeId } from "../../../contracts/registration/messages/fields.ts";
import type { System } from "../../host/system.ts";
import { bufferShare, EventStreamConnection } from "./event-stream-connection.ts";
import { type Http, PROBLEMS } from "../server/route-types.ts";
import { JournalTail } from "./journal-tail.ts";
import { Problem } from "../server/problem.ts";
import { decodePosition } from "./stream-position.ts";

export function addStreamRoutes(http: Http, system: System): void {
  const { domain, store, clock, config } = system;
  const { ROLLCALL_HTTP_STREAMS_MAX: readersMax } = config;
  const bufferBytesMax = bufferShare(readersMax);
  const tail = new JournalTail(system);
  const Type = z.string().refine((type) => system.domain.topicByEventType.has(type), {
    error: () => `one of ${[...system.domain.topicByEventType.keys()].join(", ")}`,
  });
  const Query = z.object({
    type: z
      .union([z.string(), z.array(z.string())])
      .transform((given) => [given].flat().flatMap((text) => text.split(",")))
      .pipe(z.array(Type).min(1).max(64))
      .optional()
      .describe("only events of these types: repeated, or with commas"),
    node_id: NodeId.optional().describe("only events of this node"),
  });
  const Headers = z.object({
    "last-event-id": z
      .string()
      .max(16_384)
      .optional()
      .describe("id of the last event that was read: goes on behind it"),
  });
  let readers = 0;
  http.addHook("preClose", async () => tail.close());

  http.get(
    "/api/v1/events/stream",
    {
      config: { access: ["reader", "node"] },
      // Its answer would have no end, so a HEAD would keep its connection and a reader's place.
      exposeHeadRoute: false,
      schema: {
        summary: "Every published event of all processes, as server-sent events whose data is the envelope",
        description: "With a node's token: the events of its own nodes.",
        querystring: Query,
        headers: Headers,
        response: { 200: { content: { "text/event-stream": { schema: z.string() } } }, ...PROBLEMS },
      },
    },
    async (request, reply) => {
      if (readers >= readersMax)
        throw new Problem("overloaded", `${readersMax} streams are open: ROLLCALL_HTTP_STREAMS_MAX`, {
          retryAfterSeconds: 5,
        });
      const now = await tail.position();
      const lastId = request.headers["last-event-id"];
      // An id from before the log was lost may lie ahead of it.
      const from = lastId
        ? decodePosition(lastId, now.length).map((seq, partition) => Math.min(seq, now[partition] ?? 0))
        : now;
      const { type, node_id: nodeId } = request.query;
      const { role, mayActFor } = request.caller;
      const mayRead = role === "node" ? mayActFor : undefined;
      reply.hijack();
      const response = reply.raw;
      readers++;
      response.on("close", () => readers--);
      response.writeHead(200, {
        ...(reply.getHeaders() as OutgoingHttpHeaders),
        "content-type": "text/event-stream; charset=utf-8",
        "x-accel-buffering": "no",
      });
      const stream = new EventStreamConnection(response, {
        filter: { types: type, nodeId, mayRead },
        from,
        clock,
        bufferBytesMax,
      });
      // A store out of reach ends the stream; its reader comes back.
      await stream.run(store, domain, tail).catch(() => response.destroy());
    },
  );
}
