import type { ServerResponse } from "node:http";
import type { Domain } from "../../../runtime/core/domain.ts";
import type { Clock } from "../../../runtime/ports/clock.ts";
import type { Sql } from "../../../runtime/ports/store.ts";
import { type EventFilter, type JournaledEvent, journalPage } from "./journal-events.ts";
import type { JournalTail } from "./journal-tail.ts";
import { encodePosition, type StreamPosition } from "./stream-position.ts";

/** What may wait in memory for a reader and for all of them, and how long one may leave a full connection unread. */
const BUFFER_BYTES_MAX = 1024 * 1024;
const ALL_BUFFERS_BYTES_MAX = 200 * 1024 * 1024;
const UNREAD_MS = 30_000;
const HEARTBEAT_MS = 15_000;
const RETRY_MS = 1_000;

/** A reader's share of what may wait in memory, when so many may be open. */
export const bufferShare = (streamsMax: number): number =>
  Math.min(BUFFER_BYTES_MAX, Math.floor(ALL_BUFFERS_BYTES_MAX / streamsMax));

/** One reader of the events, over one connection: first what it missed, then what comes. */
export class EventStream {
  readonly #response: ServerResponse;
  readonly #filter: EventFilter;
  readonly #clock: Clock;
  readonly #bufferBytesMax: number;
  #position: number[];
  #unfollow = (): void => {};
  #cancelHeartbeat = (): void => {};
  #readAtMs: number;

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
    this.#readAtMs = this.#clock.monotonicMs();
    response.on("close", () => this.#end());
    response.on("drain", () => (this.#readAtMs = this.#clock.monotonicMs()));
    this.#write(`retry: ${RETRY_MS}\nid: ${encodePosition(this.#position)}\n: from here on\n\n`);
    this.#beat();
  }

  /** Resolves when it has caught up with the tail and follows it, or its reader is gone. */
  async run(sql: Sql, domain: Domain, tail: JournalTail): Promise<void> {
    while (!this.#response.destroyed) {
      const page = await journalPage(sql, domain.name, this.#position, await tail.position(), this.#filter);
      this.#send(this.#fitting(page.events));
      this.#position = [...page.position];
      await this.#drained();
      const unfollow = tail.follow(this.#position, (events) => this.#send(this.#fitting(events)));
      if (!unfollow) continue;
      this.#unfollow = unfollow;
      if (this.#response.destroyed) unfollow();
      return;
    }
  }

  /** The same list where all of them fit: what is made of it is made once for all readers. */
  #fitting(events: readonly JournaledEvent[]): readonly JournaledEvent[] {
    const fitting = events.filter((each) => this.#fits(each));
    return fitting.length === events.length ? events : fitting;
  }

  #fits({ partition, seq, type, entity_id }: JournaledEvent): boolean {
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
    const { bytes, position } = framesOf(events, this.#position);
    this.#position = [...position];
    this.#write(bytes);
  }

  /**
   * A reader that does not read is let go: it can come back with its last id. At most a page comes on top of the bound.
   */
  #write(text: string | Buffer): void {
    const { writableNeedDrain, writableLength } = this.#response;
    if (!writableNeedDrain) this.#readAtMs = this.#clock.monotonicMs();
    const isUnread = writableNeedDrain && this.#clock.monotonicMs() - this.#readAtMs > UNREAD_MS;
    if (isUnread || writableLength > this.#bufferBytesMax) this.#response.destroy();
    else this.#response.write(text);
  }

  /** With the position: a reader that filters gets few events, and would come back with an old one. */
  #beat(): void {
    this.#cancelHeartbeat = this.#clock.after(HEARTBEAT_MS, () => {
      this.#write(`id: ${encodePosition(this.#position)}\n: heartbeat\n\n`);
      if (!this.#response.destroyed) this.#beat();
    });
  }

  async #drained(): Promise<void> {
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
const made = new WeakMap<readonly JournaledEvent[], Frames>();

function framesOf(events: readonly JournaledEvent[], from: StreamPosition): Frames {
  const known = made.get(events);
  if (known?.from.every((seq, partition) => seq === from[partition])) return known;
  const position = [...from];
  let text = "";
  for (const { partition, seq, type, value } of events) {
    position[partition] = seq;
    // An envelope is one line of JSON.
    text += `id: ${encodePosition(position)}\nevent: ${type}\ndata: ${value.toString("utf8")}\n\n`;
  }
  const frames = { from: [...from], position, bytes: Buffer.from(text) };
  made.set(events, frames);
  return frames;
}
