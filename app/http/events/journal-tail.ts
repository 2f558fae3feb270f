import { Fault } from "../../../runtime/core/fault.ts";
import { type JournaledEvent, readEventPage, readJournalEnds } from "../../../runtime/stored/event-pages.ts";
import { eventLinesOf, type TurnRow } from "../../../runtime/stored/read-lines.ts";
import type { System } from "../../host/compose.ts";
import type { StreamPosition } from "./stream-position.ts";

/** How long events are collected before followers get them, and the longest pause between two deliveries. */
const BATCH_MS = 10;
const PAUSE_MAX_MS = 250;
const RETRY_MS = 1_000;
/** After so many followers other work of the thread gets its turn. */
const FOLLOWERS_PER_SLICE = 250;
/** Lines that wait for followers, in characters: what is beyond is read again when it is their turn. */
const WAITING_LENGTH_MAX = 4 * 1024 * 1024;

export interface Follower {
  readonly onEvents: (events: readonly JournaledEvent[]) => void;
  /** The next events can't be read: it does not follow any more. */
  readonly onDamage: () => void;
}

/** Gives new events to all followers, in batches, and only while there are any. */
export class JournalTail {
  readonly #system: Pick<System, "store" | "domain" | "clock" | "following">;
  readonly #followers = new Set<Follower>();
  #position: number[] | undefined;
  #running = false;
  /** Rows that the followers have not got yet. */
  #waiting: TurnRow[] = [];
  #waitingLength = 0;
  /** Ends the reading; undefined: the events between the position and the reader's are still to be read. */
  #leave: (() => void) | undefined;
  #wake = (): void => {};

  constructor(system: Pick<System, "store" | "domain" | "clock" | "following">) {
    this.#system = system;
  }

  /** Up to where followers have every event; without followers the journal's end. */
  async position(): Promise<StreamPosition> {
    const { store, domain } = this.#system;
    return this.#position ? [...this.#position] : readJournalEnds(store, domain.name);
  }

  /**
   * Passes on every event behind `from`, and perhaps earlier ones again. The function returned ends it. Undefined when
   * the tail has read beyond `from` already: then the caller reads the missing page first.
   */
  follow(from: StreamPosition, follower: Follower): (() => void) | undefined {
    if (this.#position?.some((seq, partition) => seq > (from[partition] ?? 0))) return undefined;
    this.#position ??= [...from];
    this.#followers.add(follower);
    if (!this.#running) void this.#run();
    return () => {
      if (this.#followers.delete(follower) && this.#followers.size === 0) this.#stopReading();
    };
  }

  close(): void {
    this.#followers.clear();
    this.#stopReading();
  }

  async #run(): Promise<void> {
    const { clock } = this.#system;
    const pause = (ms: number): Promise<void> => new Promise((resolve) => clock.after(ms, resolve));
    this.#running = true;
    for (let deliveryMs = 0; this.#followers.size > 0;) {
      try {
        if (this.#leave && this.#waiting.length === 0) await new Promise<void>((resolve) => (this.#wake = resolve));
        // Delivery takes at most half of the thread's time: it pauses for as long as the last one took.
        await pause(Math.min(PAUSE_MAX_MS, Math.max(BATCH_MS, deliveryMs)));
        const isJoined = this.#leave !== undefined || this.#waiting.length > 0;
        if (isJoined) deliveryMs = await this.#deliver(this.#takeEvents());
        // Nobody follows any more: what is joined now would not be left.
        else if (this.#position) deliveryMs = await this.#catchUp(this.#position);
      } catch (error) {
        if (error instanceof Fault && error.code === "JOURNAL_DAMAGED") this.#dropFollowers();
        await pause(RETRY_MS);
      }
    }
    this.#running = false;
  }

  /** Joins the reader, or reads the next page of what it has passed on already. @returns as `#deliver` */
  async #catchUp(from: number[]): Promise<number> {
    const { store, domain, following } = this.#system;
    this.#leave = following.reader.join(new Map(from.entries()), {
      onRows: (rows) => this.#onRows(rows),
      onCaughtUp: () => {},
    });
    if (this.#leave) return 0;
    const page = await readEventPage(store, domain.name, from, await readJournalEnds(store, domain.name));
    // All followers left meanwhile, and later ones began at another position.
    if (this.#position !== from) return 0;
    this.#position = [...page.position];
    return this.#deliver(page.events);
  }

  #onRows(rows: readonly TurnRow[]): void {
    for (const row of rows) {
      this.#waiting.push(row);
      this.#waitingLength += row.lines.length;
    }
    // It joins again at its position, once followers have what waits.
    if (this.#waitingLength > WAITING_LENGTH_MAX) this.#leaveReader();
    this.#wake();
  }

  #takeEvents(): readonly JournaledEvent[] {
    const position = this.#position ?? [];
    const rows = this.#waiting;
    this.#waiting = [];
    this.#waitingLength = 0;
    return rows.flatMap((row) => {
      const before = position[row.partition] ?? 0;
      const events = eventLinesOf(this.#system.domain.name, row).filter(({ seq }) => seq > before);
      position[row.partition] = Math.max(before, row.last_seq);
      return events;
    });
  }

  /** @returns how long the followers took, without other work in between */
  async #deliver(events: readonly JournaledEvent[]): Promise<number> {
    const { clock } = this.#system;
    if (events.length === 0) return 0;
    const followers = [...this.#followers];
    let deliveryMs = 0;
    for (let first = 0; first < followers.length; first += FOLLOWERS_PER_SLICE) {
      // Hundreds of writes take milliseconds in which no message is processed.
      if (first > 0) await clock.afterIo();
      const startedMs = clock.monotonicMs();
      for (const follower of followers.slice(first, first + FOLLOWERS_PER_SLICE))
        if (this.#followers.has(follower)) follower.onEvents(events);
      deliveryMs += clock.monotonicMs() - startedMs;
    }
    return deliveryMs;
  }

  #dropFollowers(): void {
    const dropped = [...this.#followers];
    this.#followers.clear();
    this.#stopReading();
    for (const { onDamage } of dropped) onDamage();
  }

  #stopReading(): void {
    this.#position = undefined;
    this.#leaveReader();
    this.#waiting = [];
    this.#waitingLength = 0;
    this.#wake();
  }

  #leaveReader(): void {
    this.#leave?.();
    this.#leave = undefined;
  }
}
