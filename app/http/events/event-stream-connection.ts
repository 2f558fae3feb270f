import type { ServerResponse } from "node:http";
import type { Domain } from "../../../runtime/core/domain.ts";
import type { Clock } from "../../../runtime/ports/clock.ts";
import type { Sql } from "../../../runtime/ports/store.ts";
import { type EventPage, type JournaledEvent, readEventPage } from "../../../runtime/stored/event-pages.ts";
import { firstDayAfterDropped } from "../../../runtime/stored/journal-days.ts";
import { followTail } from "./follow-tail.ts";
import type { JournalTail } from "./journal-tail.ts";
import { SseWriter } from "./sse-writer.ts";
import { encodePosition, type StreamPosition } from "./stream-position.ts";

export interface EventFilter {
  readonly types?: readonly string[] | undefined;
  readonly entityId?: string | undefined;
  /** Whether the reader may see an entity's events; called for each event. */
  readonly mayRead?: ((entityId: string) => boolean) | undefined;
}

interface StreamOptions {
  readonly filter: EventFilter;
  readonly from: StreamPosition;
  readonly clock: Clock;
  readonly bufferBytesMax?: number;
  /** The first day that is left of the journal, where the reader was told that some went; undefined: it was not. */
  readonly toldDay?: string | undefined;
}

/** One reader of events over one connection: first those that it missed, then new ones. */
export class EventStreamConnection {
  readonly #response: ServerResponse;
  readonly #options: StreamOptions;
  readonly #writer: SseWriter;
  #position: StreamPosition;

  constructor(response: ServerResponse, options: StreamOptions) {
    this.#response = response;
    this.#options = options;
    this.#position = options.from;
    this.#writer = new SseWriter(response, { ...options, id: () => encodePosition(this.#position) });
  }

  /**
   * Resolves when it has caught up and follows the tail, or when its reader has disconnected.
   * @param first the events behind `from`
   */
  run(sql: Sql, domain: Domain, tail: JournalTail, first: EventPage): Promise<void> {
    return followTail(this.#response, tail, first, {
      position: () => this.#position,
      send: (events) => this.#send(events),
      moveTo: (position) => void (this.#position = position),
      drained: () => this.#writer.drained(),
      read: (upto) => this.#read(sql, domain, upto),
    });
  }

  /** @throws Error when a day went before it was read: its reader connects again, and is told so at the beginning */
  async #read(sql: Sql, { name }: Domain, upto: StreamPosition): Promise<EventPage> {
    const page = await readEventPage(sql, name, this.#position, upto, this.#options.filter);
    const day = await firstDayAfterDropped(sql, name, this.#position);
    if (day !== undefined && day !== this.#options.toldDay) throw new Error(`the journal of ${name} begins on ${day}`);
    return page;
  }

  /** @param events of which those that are new and match are sent */
  #send(events: readonly JournaledEvent[]): void {
    const { types, entityId, mayRead } = this.#options.filter;
    const matching = events.filter(
      ({ partition, seq, type, entity_id }) =>
        seq > (this.#position[partition] ?? 0) &&
        (types?.includes(type) ?? true) &&
        (entityId === undefined || entityId === entity_id) &&
        (mayRead?.(entity_id) ?? true),
    );
    if (matching.length === 0) return;
    // The same list when all match: its frames are encoded once for all readers.
    const frames = encodeFrames(matching.length === events.length ? events : matching, this.#position);
    this.#position = frames.position;
    this.#writer.write(frames.bytes);
  }
}

interface Frames {
  readonly from: StreamPosition;
  readonly position: StreamPosition;
  readonly bytes: Buffer;
}
/** Readers mostly have the same position, so the frames of a list of events are kept for the next reader. */
const framesByEvents = new WeakMap<readonly JournaledEvent[], Frames>();

function encodeFrames(events: readonly JournaledEvent[], from: StreamPosition): Frames {
  const cached = framesByEvents.get(events);
  if (cached?.from.every((seq, partition) => seq === from[partition])) return cached;
  const position = [...from];
  let text = "";
  for (const { partition, seq, type, value } of events) {
    position[partition] = seq;
    // `data:` takes one line, and an envelope is one line of JSON.
    text += `id: ${encodePosition(position)}\nevent: ${type}\ndata: ${value}\n\n`;
  }
  const frames = { from: [...from], position, bytes: Buffer.from(text) };
  framesByEvents.set(events, frames);
  return frames;
}
