import type { EntityRecord } from "../../stored/entities.ts";
import type { LineGroup } from "../../stored/entity-lines.ts";

/** So many wait for a reader at most. */
const WAITING_MAX = 1_000;

export type FeedEnd = "stopped" | "unread";

/** What a follower hears, in order: about its entity, or about its record. */
export type FeedItem =
  | { readonly kind: "group"; readonly group: LineGroup; readonly record: EntityRecord | undefined }
  /** A turn took the record; its lines came before. */
  | { readonly kind: "taken"; readonly record: EntityRecord | undefined };

/** What one follower has not read yet. */
export class LineFeed implements AsyncIterable<FeedItem> {
  readonly #waiting: FeedItem[] = [];
  #ended: FeedEnd | Error | undefined;
  #wake = (): void => {};

  push(item: FeedItem): void {
    if (this.#waiting.length < WAITING_MAX) this.#waiting.push(item);
    else this.end("unread");
    this.#wake();
  }

  /** What was not read yet is dropped. @param why an error: thrown to the reader */
  end(why: FeedEnd | Error): void {
    this.#ended ??= why;
    this.#waiting.length = 0;
    this.#wake();
  }

  /** Why it ended, once the iteration is over. */
  get ended(): FeedEnd {
    return typeof this.#ended === "string" ? this.#ended : "stopped";
  }

  async *[Symbol.asyncIterator](): AsyncIterator<FeedItem> {
    for (;;) {
      const next = this.#waiting.shift();
      if (next) yield next;
      else if (this.#ended instanceof Error) throw this.#ended;
      else if (this.#ended !== undefined) return;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}
