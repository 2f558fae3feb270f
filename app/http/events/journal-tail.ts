import type { System } from "../../host/system.ts";
import { readJournalEnds, readEventPage, type JournaledEvent } from "./journal-events.ts";
import type { StreamPosition } from "./stream-position.ts";

/** How soon another process's events are seen. */
const POLL_MS = 250;
/** How long our own are gathered before they are read. */
const BATCH_MS = 10;
const RETRY_MS = 1_000;

const FOLLOWERS_PER_SLICE = 250;

export type EventsListener = (events: readonly JournaledEvent[]) => void;

/** Reads the journal's end for all who follow it, once; not at all while nobody does. */
export class JournalTail {
  readonly #system: System;
  readonly #followers = new Set<EventsListener>();
  readonly #unwatch: () => void;
  #position: StreamPosition | undefined;
  #reading: Promise<void> | undefined;
  #cancel = (): void => {};
  #dueAtMs = Number.POSITIVE_INFINITY;
  /** Something was committed while the journal was being read: perhaps behind the end that was read to. */
  #hasNewEvents = false;

  constructor(system: System) {
    this.#system = system;
    this.#unwatch = system.watch((event) => {
      if (event.kind !== "decision" || event.decision.events.length === 0) return;
      this.#hasNewEvents = true;
      this.#scheduleRead(BATCH_MS);
    });
  }

  /** How far followers were given everything; without followers the journal's end. */
  async position(): Promise<StreamPosition> {
    return this.#position ?? readJournalEnds(this.#system.store, this.#system.domain.name);
  }

  /**
   * Gives everything behind `from`. The function returned ends it; there is none when the tail has read beyond `from`
   * meanwhile, and its page has to be read first. What lies before `from` may be given again.
   */
  follow(from: StreamPosition, onEvents: EventsListener): (() => void) | undefined {
    if (this.#position?.some((seq, partition) => seq > (from[partition] ?? 0))) return undefined;
    this.#position ??= from;
    this.#followers.add(onEvents);
    this.#scheduleRead(POLL_MS);
    return () => {
      this.#followers.delete(onEvents);
      if (this.#followers.size > 0) return;
      this.#cancel();
      this.#dueAtMs = Number.POSITIVE_INFINITY;
      this.#position = undefined;
    };
  }

  close(): void {
    this.#unwatch();
    this.#cancel();
    this.#followers.clear();
  }

  #scheduleRead(delayMs: number): void {
    const { clock } = this.#system;
    const dueAtMs = clock.monotonicMs() + delayMs;
    if (this.#followers.size === 0 || this.#reading || this.#dueAtMs <= dueAtMs) return;
    this.#cancel();
    this.#dueAtMs = dueAtMs;
    this.#cancel = clock.after(delayMs, () => {
      this.#dueAtMs = Number.POSITIVE_INFINITY;
      this.#hasNewEvents = false;
      // Many readers take at most half of the thread: what comes meanwhile is told to them together.
      const restMs = (toldMs: number): number => Math.min(POLL_MS, Math.max(BATCH_MS, toldMs));
      this.#reading = this.#read()
        .then(
          (toldMs) => (this.#hasNewEvents ? restMs(toldMs) : POLL_MS),
          () => RETRY_MS,
        )
        .then((nextMs) => {
          this.#reading = undefined;
          this.#scheduleRead(nextMs);
        });
    });
  }

  /** @returns how long the followers took, without what others did in between */
  async #read(): Promise<number> {
    const { store, domain, clock } = this.#system;
    let deliveryMs = 0;
    const ends = await readJournalEnds(store, domain.name);
    for (
      let from = this.#position;
      from && from.some((seq, partition) => seq < (ends[partition] ?? 0));
      from = this.#position
    ) {
      const page = await readEventPage(store, domain.name, from, ends);
      // Everybody left meanwhile, and whoever came since begins with another position.
      if (this.#position !== from) return deliveryMs;
      this.#position = page.position;
      let delivered = 0;
      let sliceStartedMs = clock.monotonicMs();
      for (const follower of this.#followers) {
        follower(page.events);
        if (++delivered % FOLLOWERS_PER_SLICE !== 0) continue;
        // Hundreds of writes are milliseconds in which no turn is taken. Who comes meanwhile is told again, and knows
        // it.
        deliveryMs += clock.monotonicMs() - sliceStartedMs;
        await clock.afterIo();
        sliceStartedMs = clock.monotonicMs();
      }
      deliveryMs += clock.monotonicMs() - sliceStartedMs;
    }
    return deliveryMs;
  }
}
