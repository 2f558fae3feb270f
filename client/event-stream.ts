import { Fault } from "../runtime/core/fault.ts";
import { pause } from "./back-off.ts";
import { decodeEvent, type RegistrationEvent } from "./events.ts";
import { accessRefused, bearer, type HttpAccess } from "./http-access.ts";
import { failedAnswer, waitAfterMs } from "./retry-later.ts";
import type { EventFilter, TransportLog } from "./transport.ts";

export interface EventStreamOptions extends HttpAccess {
  /** With its query: `/api/v1/events/stream?type=NodeBecameActive`. */
  readonly path: string;
  readonly log: TransportLog;
  /** An event's envelope, as JSON. */
  readonly onEnvelope: (json: string) => void;
}

/** The registration's events that fit the filter; those of a later version's types are left out. */
export function registrationEvents(
  { types, nodeId }: EventFilter,
  onEvent: (event: RegistrationEvent) => void,
): Pick<EventStreamOptions, "path" | "onEnvelope"> {
  const query = new URLSearchParams(types.map((type): [string, string] => ["type", type]));
  if (nodeId !== undefined) query.set("node_id", nodeId);
  const onEnvelope = (json: string): void => {
    const event = decodeEvent(json);
    if (event) onEvent(event);
  };
  return { path: `/api/v1/events/stream?${query.toString()}`, onEnvelope };
}

/** The server sends an event or a comment more often than this; after a longer silence the connection is broken. */
const SILENCE_MS = 45_000;
const SPREAD_MS = 1_000;

/** A stream of server-sent events. When it breaks, it is resumed after the last event that arrived. */
export class EventStream {
  readonly #options: EventStreamOptions;
  readonly #closing = new AbortController();
  #lastEventId: string | undefined;

  constructor(options: EventStreamOptions) {
    this.#options = options;
  }

  /**
   * Resolves when every event published from now on will be delivered. Waits for the server without limit.
   * @throws Fault TRANSPORT_REFUSED, not retryable: the server refuses the token
   */
  open(): Promise<void> {
    return new Promise((resolve, reject) => void this.#run(resolve, reject).finally(resolve));
  }

  close(): void {
    this.#closing.abort();
  }

  async #run(opened: () => void, refused: (fault: Fault) => void): Promise<void> {
    let wasOpen = false;
    for (let failures = 0; !this.#closing.signal.aborted;) {
      let [frames, failure]: [number, unknown] = [0, undefined];
      try {
        await this.#read(() => {
          // One that has only begun may break off again and again.
          if (++frames > 1) failures = 0;
          wasOpen = true;
          opened();
        });
      } catch (error) {
        failure = error;
        // A stream that was open before tries again: tokens are changed while nodes run.
        if (!wasOpen && error instanceof Fault && !error.retryable) return refused(error);
        if (!this.#closing.signal.aborted) this.#options.log("warn", "the event stream broke off, resuming", error);
      }
      // All readers of a server lose it at the same moment, and it is not to get them all back at one.
      const spreadMs = frames > 1 ? Math.random() * SPREAD_MS : 0;
      await pause(waitAfterMs(failure, ++failures) + spreadMs, this.#closing.signal);
    }
  }

  async #read(opened: () => void): Promise<void> {
    const { url, token, path } = this.#options;
    const silence = new AbortController();
    const silenceTimer = setTimeout(() => silence.abort(new Error("the stream is silent")), SILENCE_MS);
    try {
      const response = await fetch(new URL(path, url), {
        headers: {
          accept: "text/event-stream",
          ...bearer(token),
          ...(this.#lastEventId && { "last-event-id": this.#lastEventId }),
        },
        signal: AbortSignal.any([this.#closing.signal, silence.signal]),
      });
      if (!response.ok || !response.body) {
        // The id is of a log that no longer exists: the stream continues with new events.
        if (response.status === 400) this.#lastEventId = undefined;
        const detail = `${response.status} ${(await response.text()).slice(0, 500)}`;
        throw response.status === 401 || response.status === 403
          ? accessRefused(detail)
          : failedAnswer(response, detail);
      }
      const begins = response.headers.get("rollcall-journal-begins");
      if (begins !== null)
        this.#options.log("warn", `events were dropped before they could be read: the journal begins on ${begins}`);
      // What comes first has an id. Before it a connection that breaks off would leave none to go on from.
      const reader = new SseParser((id, data) => {
        this.#handleEvent(id, data);
        opened();
      });
      for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
        silenceTimer.refresh();
        reader.push(text);
      }
    } finally {
      clearTimeout(silenceTimer);
    }
  }

  #handleEvent(id: string | undefined, data: string): void {
    if (id !== undefined) this.#lastEventId = id;
    if (data !== "") this.#options.onEnvelope(data);
  }
}

/** Splits a stream's text into events (WHATWG HTML, 9.2.6); comments are dropped. */
export class SseParser {
  readonly #onEvent: (id: string | undefined, data: string) => void;
  #text = "";
  #id: string | undefined;
  #data: string[] = [];

  constructor(tell: (id: string | undefined, data: string) => void) {
    this.#onEvent = tell;
  }

  push(text: string): void {
    const lines = (this.#text + text).split(/\r\n|\n|\r(?!$)/);
    this.#text = lines.pop() ?? "";
    for (const line of lines) this.#parseLine(line);
  }

  #parseLine(line: string): void {
    if (line === "") {
      if (this.#id !== undefined || this.#data.length > 0) this.#onEvent(this.#id, this.#data.join("\n"));
      this.#data = [];
      return;
    }
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "data") this.#data.push(value);
    else if (field === "id" && !value.includes("\0")) this.#id = value;
  }
}
