import type { Entity } from "../../core/entity.ts";
import type { DeadLetterLine, EndLine, EventLine, JournalLine, StepLine } from "../../core/journal.ts";
import type { FeedEnd } from "./line-feed.ts";

/** What a follower is told, in order; the last one is an `end`. */
export type Followed =
  /** A step with its events. */
  | {
      readonly kind: "step";
      readonly line: JournalLine<StepLine>;
      readonly events: readonly JournalLine<EventLine>[];
      /** As it was after the turn of the step, or later: `line.state` is the state after the step. Undefined: none. */
      readonly entity: Entity | undefined;
      /** Of that entity: when it was last heard of, event time in ms; null: never, or it is not known. */
      readonly lastSeenMs: number | null;
    }
  /**
   * A turn took the message, and nothing leads to its line: its topic is not journaled, or that was too long ago. Also
   * of a message that is repeated: it was about an entity that was not there, and then there is none in this item.
   */
  | { readonly kind: "taken"; readonly entity: Entity | undefined; readonly lastSeenMs: number | null }
  /** The message can't be processed. */
  | { readonly kind: "dead_letter"; readonly line: JournalLine<DeadLetterLine> }
  /** An intent gave way to a younger one of its target: nothing follows from it. */
  | { readonly kind: "superseded_intent"; readonly line: JournalLine<EndLine>; readonly entity: Entity | undefined }
  | { readonly kind: "end"; readonly reason: FollowEnd };

/**
 * `complete`: nothing can follow any more: the message's chain, or its attempt, is over. `purged`: the entity is gone.
 * `not_taken`: the caller's time was over before it heard that a turn took the message; who asks later for one about an
 * entity that was not there hears no more than that. `aborted`: it was over later. `stopped`: this process stops.
 * `unread`: the caller did not read for too long.
 */
export type FollowEnd = FeedEnd | "complete" | "purged" | "not_taken" | "aborted";
