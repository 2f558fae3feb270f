import type { OutgoingHttpHeaders } from "node:http";
import type { FastifyReply } from "fastify";
import { readEventPage } from "../../../runtime/stored/event-pages.ts";
import { firstDayAfterDropped } from "../../../runtime/stored/journal-days.ts";
import type { System } from "../../host/compose.ts";
import { Problem } from "../server/problem.ts";
import { type EventFilter, EventStreamConnection } from "./event-stream-connection.ts";
import { JournalTail } from "./journal-tail.ts";
import { bufferShare } from "./sse-writer.ts";
import { decodePosition } from "./stream-position.ts";
import { watchAdmission } from "./watch-admission.ts";

/** The UTC day of the first event that is left, where some behind the reader's last one were dropped. */
const BEGINS_HEADER = "rollcall-journal-begins";

/** How many streams a process has open, over all domains. */
export interface OpenStreams {
  count: number;
}

/** The streams of a domain's events. */
export class EventStreams {
  readonly #system: System;
  readonly #open: OpenStreams;
  readonly #tail: JournalTail;

  constructor(system: System, open: OpenStreams) {
    this.#system = system;
    this.#open = open;
    this.#tail = new JournalTail(system);
  }

  /**
   * Sends events until the reader disconnects, or its token is valid no more.
   * @param lastId of the last event read; undefined: from now on
   * @throws Problem overloaded; invalid-request for an id of another stream; Fault JOURNAL_DAMAGED for an event that
   * can't be read
   */
  async send(reply: FastifyReply, filter: EventFilter, lastId: string | undefined): Promise<void> {
    const { config, clock, store, domain } = this.#system;
    const { ROLLCALL_HTTP_STREAMS_MAX: streamsMax } = config;
    if (this.#open.count >= streamsMax)
      throw new Problem("overloaded", `${streamsMax} streams are open: ROLLCALL_HTTP_STREAMS_MAX`, {
        retryAfterSeconds: 5,
      });
    // Before anything is awaited: however many come at once, no more are opened.
    this.#open.count++;
    reply.raw.once("close", () => this.#open.count--);
    const end = await this.#tail.position();
    // After a loss of the log an id may lie ahead of its end: then the stream begins at the end.
    const from = lastId
      ? decodePosition(lastId, end.length).map((seq, partition) => Math.min(seq, end[partition] ?? 0))
      : end;
    // Before the answer begins: afterwards no problem can be told.
    const first = await readEventPage(store, domain.name, from, end, filter);
    const begins = lastId ? await firstDayAfterDropped(store, domain.name, from) : undefined;
    if (begins) void reply.header(BEGINS_HEADER, begins);
    const response = beginStream(reply);
    // Its reader connects again, and is told why it is not let in.
    const cancelChecks = watchAdmission(clock, reply.request.caller.isKnown, () => void response.destroy());
    response.on("close", cancelChecks);
    const bufferBytesMax = bufferShare(streamsMax);
    const stream = new EventStreamConnection(response, { filter, from, clock, bufferBytesMax, toldDay: begins });
    // Without the store the stream ends, and its reader connects again.
    await stream.run(store, domain, this.#tail, first).catch(() => response.destroy());
  }

  close(): void {
    this.#tail.close();
  }
}

export function beginStream(reply: FastifyReply): FastifyReply["raw"] {
  reply.hijack();
  return reply.raw.writeHead(200, {
    ...(reply.getHeaders() as OutgoingHttpHeaders),
    "content-type": "text/event-stream; charset=utf-8",
    "x-accel-buffering": "no",
  });
}
