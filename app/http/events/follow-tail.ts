import type { ServerResponse } from "node:http";
import type { EventPage, JournaledEvent } from "../../../runtime/stored/event-pages.ts";
import type { JournalTail } from "./journal-tail.ts";
import type { StreamPosition } from "./stream-position.ts";

/** One reader of a domain's events, and how far it has read. */
interface TailReader {
  readonly position: () => StreamPosition;
  /** Those that are behind its position are sent. */
  readonly send: (events: readonly JournaledEvent[]) => void;
  /** All up to here was read, sent or not. */
  readonly moveTo: (position: StreamPosition) => void;
  readonly drained: () => Promise<void>;
  /** The next page behind its position. */
  readonly read: (upto: StreamPosition) => Promise<EventPage>;
}

/**
 * Sends what a reader has missed page by page, until it follows the tail. Resolves then, or when it has disconnected.
 * @param first the events behind its position
 */
export async function followTail(
  response: ServerResponse,
  tail: JournalTail,
  first: EventPage,
  { position, send, moveTo, drained, read }: TailReader,
): Promise<void> {
  for (let page = first; !response.destroyed;) {
    send(page.events);
    moveTo(page.position);
    await drained();
    const unfollow = tail.follow(position(), {
      onEvents: send,
      // It connects again, and is told why no event behind its last one can be read.
      onDamage: () => void response.destroy(),
    });
    if (unfollow) {
      response.on("close", unfollow);
      if (response.destroyed) unfollow();
      return;
    }
    page = await read(await tail.position());
  }
}
