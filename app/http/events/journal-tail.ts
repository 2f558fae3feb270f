import { Fault } from "../../../runtime/core/fault.ts";
import { type JournaledEvent, readEventPage, readJournalEnds } from "../../../runtime/stored/event-pages.ts";
import type { System } from "../../host/compose.ts";
import type { StreamPosition } from "./stream-position.ts";

/** How often other processes' events are looked for. */
const POLL_MS = 250;
/** How long this process's events are collected before they are read. */
const BATCH_MS = 10;
const RETRY_MS = 1_000;
/** After so many followers other work of the thread gets its turn. */
const FOLLOWERS_PER_SLICE = 250;

export interface Follower {
  readonly onEvents: (events: readonly JournaledEvent[]) => void;
  /** The next events can't be read: it does not follow any more. */
  readonly onDamage: () => void;
}

/** Reads new events once for all followers, and only while there are any. */
export class JournalTail {
  readonly #system: System;
  readonly #followers = new Set<Follower>();
  readonly #unwatch: () => void;
  #position: StreamPosition | undefined;
  #running = false;
  /** Events were committed since the last read began, perhaps behind the end that it read to. */
  #hasNewEvents = false;
  #shortenPause = (): void => {};

  constructor(system: System) {
    this.#system = system;
    this.#unwatch = system.watch((event) => {
      if (event.kind !== "decision" || event.decision.events.length === 0) return;
      this.#hasNewEvents = true;
      this.#shortenPause();
    });
  }

  /** Up to where followers have every event; without followers the journal's end. */
  async position(): Promise<StreamPosition> {
    return this.#position ?? readJournalEnds(this.#system.store, this.#system.domain.name);
  }

  /**
   * Passes on every event behind `from`, and perhaps earlier ones again. The function returned ends it. Undefined when
   * the tail has read beyond `from` already: then the caller reads the missing page first.
   */
  follow(from: StreamPosition, follower: Follower): (() => void) | undefined {
    if (this.#position?.some((seq, partition) => seq > (from[partition] ?? 0))) return undefined;
    this.#position ??= from;
    this.#followers.add(follower);
    if (!this.#running) void this.#run();
    return () => {
      if (this.#followers.delete(follower) && this.#followers.size === 0) this.#position = undefined;
    };
  }

  close(): void {
    this.#unwatch();
    this.#followers.clear();
  }

  async #run(): Promise<void> {
    this.#running = true;
    for (let pauseMs = POLL_MS; this.#followers.size > 0;) {
      await this.#pause(pauseMs);
      this.#hasNewEvents = false;
      // Delivery takes at most half of the thread's time: it pauses for as long as the last one took.
      pauseMs = await this.#read().then(
        (deliveryMs) => (this.#hasNewEvents ? Math.min(POLL_MS, Math.max(BATCH_MS, deliveryMs)) : POLL_MS),
        (error: unknown) => {
          if (error instanceof Fault && error.code === "JOURNAL_DAMAGED") this.#dropFollowers();
          return RETRY_MS;
        },
      );
    }
    this.#running = false;
  }

  #dropFollowers(): void {
    const dropped = [...this.#followers];
    this.#followers.clear();
    this.#position = undefined;
    for (const { onDamage } of dropped) onDamage();
  }

  /** Ends early, with a batch of them, when events are committed meanwhile. */
  #pause(pauseMs: number): Promise<void> {
    const { clock } = this.#system;
    return new Promise((resolve) => {
      const cancel = clock.after(pauseMs, resolve);
      this.#shortenPause = () => {
        this.#shortenPause = () => {};
        cancel();
        clock.after(BATCH_MS, resolve);
      };
    });
  }

  /** @returns how long the followers took, without other work in between */
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
      // All followers left meanwhile, and later ones began at another position.
      if (this.#position !== from) return deliveryMs;
      this.#position = page.position;
      const followers = [...this.#followers];
      for (let first = 0; first < followers.length; first += FOLLOWERS_PER_SLICE) {
        // Hundreds of writes take milliseconds in which no message is processed.
        if (first > 0) await clock.afterIo();
        const startedMs = clock.monotonicMs();
        for (const follower of followers.slice(first, first + FOLLOWERS_PER_SLICE))
          if (this.#followers.has(follower)) follower.onEvents(page.events);
        deliveryMs += clock.monotonicMs() - startedMs;
      }
    }
    return deliveryMs;
  }
}
