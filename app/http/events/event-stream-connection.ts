import type { ServerResponse } from "node:http";
import type { Domain } from "../../../runtime/core/domain.ts";
import type { Clock } from "../../../runtime/ports/clock.ts";
import type { Sql } from "../../../runtime/ports/store.ts";
import { type EventFilter, type JournaledEvent, readEventPage } from "./journal-events.ts";
import type { JournalTail } from "./journal-tail.ts";
import { encodePosition, type StreamPosition } from "./stream-position.ts";

/** What may wait in memory for a reader and for all of them, and how long one may leave a full connection unread. */
const BUFFER_BYTES_MAX = 1024 * 1024;
const ALL_BUFFERS_BYTES_MAX = 200 * 1024 * 1024;
const UNREAD_MAX_MS = 30_000;
const HEARTBEAT_MS = 15_000;
const RETRY_MS = 1_000;

/** A reader's share of what may wait in memory, when so many may be open. */
export const bufferShare = (streamsMax: number): number =>
  Math.min(BUFFER_BYTES_MAX, Math.floor(ALL_BUFFERS_BYTES_MAX / streamsMax));

/** One reader of the events, over one connection: first what it missed, then what comes. */
export class EventStreamConnection {
  readonly #response: ServerResponse;
  readonly #filter: EventFilter;
  readonly #clock: Clock;
  readonly #bufferBytesMax: number;
  #position: number[];
  #unfollow = (): void => {};
  #cancelHeartbeat = (): void => {};
  #lastReadAtMs: number;

  constructor(
    response: ServerResponse,
    options: {
      readonly filter: EventFilter;
      readonly from: StreamPosition;
      readonly clock: Clock;
      readonly bufferBytesMax?: number;
    },
  ) {
    this.#response = response;
    this.#filter = options.filter;
    this.#clock = options.clock;
    this.#bufferBytesMax = options.bufferBytesMax ?? BUFFER_BYTES_MAX;
    this.#position = [...options.from];
    this.#lastReadAtMs = this.#clock.monotonicMs();
    response.on("close", () => this.#end());
    response.on("drain", () => (this.#lastReadAtMs = this.#clock.monotonicMs()));
    this.#write(`retry: ${RETRY_MS}\nid: ${encodePosition(this.#position)}\n: from here on\n\n`);
    this.#scheduleHeartbeat();
  }

  /** Resolves when it has caught up with the tail and follows it, or its reader is gone. */
  async run(sql: Sql, domain: Domain, tail: JournalTail): Promise<void> {
    while (!this.#response.destroyed) {
      const page = await readEventPage(sql, domain.name, this.#position, await tail.position(), this.#filter);
      this.#send(this.#matching(page.events));
      this.#position = [...page.position];
      await this.#waitForDrain();
      const unfollow = tail.follow(this.#position, (events) => this.#send(this.#matching(events)));
      if (!unfollow) continue;
      this.#unfollow = unfollow;
      if (this.#response.destroyed) unfollow();
      return;
    }
  }

  /** The same list where all of them fit: what is made of it is made once for all readers. */
  #matching(events: readonly JournaledEvent[]): readonly JournaledEvent[] {
    const fitting = events.filter((each) => this.#matches(each));
    return fitting.length === events.length ? events : fitting;
  }

  #matches({ partition, seq, type, entity_id }: JournaledEvent): boolean {
    const { types, nodeId, mayRead } = this.#filter;
    const isNew = seq > (this.#position[partition] ?? 0);
    return (
      isNew &&
      (types?.includes(type) ?? true) &&
      (nodeId === undefined || nodeId === entity_id) &&
      (mayRead?.(entity_id) ?? true)
    );
  }

  #send(events: readonly JournaledEvent[]): void {
    if (events.length === 0) return;
    const { bytes, position } = encodeFrames(events, this.#position);
    this.#position = [...position];
    this.#write(bytes);
  }

  /**
   * A reader that does not read is let go: it can come back with its last id. At most a page comes on top of the bound.
   */
  #write(text: string | Buffer): void {
    const { writableNeedDrain, writableLength } = this.#response;
    if (!writableNeedDrain) this.#lastReadAtMs = this.#clock.monotonicMs();
    const isUnread = writableNeedDrain && this.#clock.monotonicMs() - this.#lastReadAtMs > UNREAD_MAX_MS;
    if (isUnread || writableLength > this.#bufferBytesMax) this.#response.destroy();
    else this.#response.write(text);
  }

  /** With the position: a reader that filters gets few events, and would come back with an old one. */
  #scheduleHeartbeat(): void {
    this.#cancelHeartbeat = this.#clock.after(HEARTBEAT_MS, () => {
      this.#write(`id: ${encodePosition(this.#position)}\n: heartbeat\n\n`);
      if (!this.#response.destroyed) this.#scheduleHeartbeat();
    });
  }

  async #waitForDrain(): Promise<void> {
    if (!this.#response.writableNeedDrain || this.#response.destroyed) return;
    await new Promise<void>((resolve) => {
      this.#response.once("drain", resolve);
      this.#response.once("close", resolve);
    });
  }

  #end(): void {
    this.#unfollow();
    this.#cancelHeartbeat();
  }
}

interface Frames {
  readonly from: StreamPosition;
  readonly position: StreamPosition;
  readonly bytes: Buffer;
}
/** Of events that many readers are given: mostly they stand at the same place. */
const framesByEvents = new WeakMap<readonly JournaledEvent[], Frames>();

function encodeFrames(events: readonly JournaledEvent[], from: StreamPosition): Frames {
  const cached = framesByEvents.get(events);
  if (cached?.from.every((seq, partition) => seq === from[partition])) return cached;
  const position = [...from];
  let text = "";
  for (const { partition, seq, type, value } of events) {
    position[partition] = seq;
    // An envelope is one line of JSON.
    text += `id: ${encodePosition(position)}\nevent: ${type}\ndata: ${value.toString("utf8")}\n\n`;
  }
  const frames = { from: [...from], position, bytes: Buffer.from(text) };
  framesByEvents.set(events, frames);
  return frames;
}
