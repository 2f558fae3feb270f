import type { ServerResponse } from "node:http";
import type { Domain } from "../../../runtime/core/domain.ts";
import type { Clock } from "../../../runtime/ports/clock.ts";
import type { Sql } from "../../../runtime/ports/store.ts";
import { type EventPage, type JournaledEvent, readEventPage } from "../../../runtime/stored/event-pages.ts";
import type { JournalTail } from "./journal-tail.ts";
import { encodePosition, type StreamPosition } from "./stream-position.ts";

/** Bounds of unsent bytes, for one reader and for all together, and of the time a full connection may stay unread. */
const BUFFER_BYTES_MAX = 1024 * 1024;
const ALL_BUFFERS_BYTES_MAX = 200 * 1024 * 1024;
const UNREAD_MAX_MS = 30_000;
const HEARTBEAT_MS = 15_000;
const RETRY_MS = 1_000;

/** A reader's share of the unsent bytes, when so many streams may be open. */
export const bufferShare = (streamsMax: number): number =>
  Math.min(BUFFER_BYTES_MAX, Math.floor(ALL_BUFFERS_BYTES_MAX / streamsMax));

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
}

/** One reader of events over one connection: first those that it missed, then new ones. */
export class EventStreamConnection {
  readonly #response: ServerResponse;
  readonly #options: StreamOptions;
  #position: StreamPosition;
  #lastReadAtMs: number;
  #cancelHeartbeat = (): void => {};

  constructor(response: ServerResponse, options: StreamOptions) {
    this.#response = response;
    this.#options = options;
    this.#position = options.from;
    this.#lastReadAtMs = options.clock.monotonicMs();
    response.on("close", () => this.#cancelHeartbeat());
    response.on("drain", () => (this.#lastReadAtMs = options.clock.monotonicMs()));
    this.#write(`retry: ${RETRY_MS}\nid: ${encodePosition(this.#position)}\n: start\n\n`);
    this.#scheduleHeartbeat();
  }

  /**
   * Resolves when it has caught up and follows the tail, or when its reader has disconnected.
   * @param first the events behind `from`
   */
  async run(sql: Sql, domain: Domain, tail: JournalTail, first: EventPage): Promise<void> {
    for (let page = first; !this.#response.destroyed;) {
      this.#send(page.events);
      this.#position = page.position;
      await this.#waitForDrain();
      const unfollow = tail.follow(this.#position, {
        onEvents: (events) => this.#send(events),
        // Its reader connects again, and is told why no event behind its last one can be read.
        onDamage: () => void this.#response.destroy(),
      });
      if (unfollow) {
        this.#response.on("close", unfollow);
        if (this.#response.destroyed) unfollow();
        return;
      }
      page = await readEventPage(sql, domain.name, this.#position, await tail.position(), this.#options.filter);
    }
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
    this.#write(frames.bytes);
  }

  /**
   * Disconnects a reader that does not read: it can continue from its last id. The bound is exceeded by at most one
   * page of events.
   */
  #write(text: string | Buffer): void {
    const { writableNeedDrain, writableLength } = this.#response;
    const { clock, bufferBytesMax = BUFFER_BYTES_MAX } = this.#options;
    if (!writableNeedDrain) this.#lastReadAtMs = clock.monotonicMs();
    const isUnread = clock.monotonicMs() - this.#lastReadAtMs > UNREAD_MAX_MS;
    if (isUnread || writableLength > bufferBytesMax) this.#response.destroy();
    else this.#response.write(text);
  }

  /** Carries the position: a reader whose filter matches few events would otherwise continue from an old one. */
  #scheduleHeartbeat(): void {
    this.#cancelHeartbeat = this.#options.clock.after(HEARTBEAT_MS, () => {
      this.#write(`id: ${encodePosition(this.#position)}\n: heartbeat\n\n`);
      if (!this.#response.destroyed) this.#scheduleHeartbeat();
    });
  }

  async #waitForDrain(): Promise<void> {
    if (!this.#response.writableNeedDrain || this.#response.destroyed) return;
    await new Promise<void>((resolve) => {
      const go = (): void => {
        for (const event of ["drain", "close"]) this.#response.off(event, go);
        resolve();
      };
      for (const event of ["drain", "close"]) this.#response.on(event, go);
    });
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
