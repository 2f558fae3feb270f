import type { OutgoingHttpHeaders } from "node:http";
import type { FastifyReply } from "fastify";
import { z } from "zod";
import { NodeId } from "../../../contracts/registration/messages/fields.ts";
import type { System } from "../../host/compose.ts";
import { Problem } from "../server/problem.ts";
import { apiRoute, type Http } from "../server/route-types.ts";
import { bufferShare, EventStreamConnection } from "./event-stream-connection.ts";
import { JournalTail } from "./journal-tail.ts";
import { decodePosition } from "./stream-position.ts";

const Headers = z.object({
  "last-event-id": z.string().max(16_384).optional().describe("the id of the last event read: continues behind it"),
});

const queryOf = (system: System) => {
  const Type = z.string().refine((type) => system.domain.topicByEventType.has(type), {
    error: () => `one of ${[...system.domain.topicByEventType.keys()].join(", ")}`,
  });
  return z.object({
    type: z
      .union([z.string(), z.array(z.string())])
      .transform((given) => [given].flat().flatMap((text) => text.split(",")))
      .pipe(z.array(Type).min(1).max(64))
      .optional()
      .describe("only events of these types: repeated, or with commas"),
    node_id: NodeId.optional().describe("only events of this node"),
  });
};

export function addStreamRoutes(http: Http, system: System): void {
  const { ROLLCALL_HTTP_STREAMS_MAX: streamsMax } = system.config;
  const tail = new JournalTail(system);
  let openStreams = 0;
  http.addHook("preClose", async () => tail.close());

  http.get(
    "/api/v1/events/stream",
    {
      // The answer never ends, so a HEAD request would hold its connection and its place among the streams.
      exposeHeadRoute: false,
      ...apiRoute(["reader", "node"], {
        summary: "Every published event of all processes, as server-sent events whose data is the envelope",
        description: "A node's token gets the events of its own nodes only.",
        querystring: queryOf(system),
        headers: Headers,
        response: { 200: { content: { "text/event-stream": { schema: z.string() } } } },
      }),
    },
    async ({ query: { type: types, node_id: nodeId }, headers, caller }, reply) => {
      if (openStreams >= streamsMax)
        throw new Problem("overloaded", `${streamsMax} streams are open: ROLLCALL_HTTP_STREAMS_MAX`, {
          retryAfterSeconds: 5,
        });
      const lastId = headers["last-event-id"];
      const end = await tail.position();
      // After a loss of the log an id may lie ahead of its end: then the stream begins at the end.
      const from = lastId
        ? decodePosition(lastId, end.length).map((seq, partition) => Math.min(seq, end[partition] ?? 0))
        : end;
      const response = beginStream(reply);
      openStreams++;
      response.on("close", () => openStreams--);
      const stream = new EventStreamConnection(response, {
        filter: { types, nodeId, mayRead: caller.mayActFor },
        from,
        clock: system.clock,
        bufferBytesMax: bufferShare(streamsMax),
      });
      // Without the store the stream ends, and its reader connects again.
      await stream.run(system.store, system.domain, tail).catch(() => response.destroy());
    },
  );
}

function beginStream(reply: FastifyReply): FastifyReply["raw"] {
  reply.hijack();
  return reply.raw.writeHead(200, {
    ...(reply.getHeaders() as OutgoingHttpHeaders),
    "content-type": "text/event-stream; charset=utf-8",
    "x-accel-buffering": "no",
  });
}
