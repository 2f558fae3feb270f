import type { TimelineItem } from "../../app/http/entities/timeline.ts";

interface RequestedIntent {
  readonly id: string;
  readonly type: string;
  readonly target: string;
  /** What became of it; null: nothing yet, as far as these rows go. */
  readonly note: string | null;
  /** Its calls, where one was not enough. */
  readonly tries: TimelineItem["tries"];
}
/** A message, what was decided, and all that came of it. */
export interface Turn {
  readonly cause: TimelineItem;
  /** As published; those whose row is not among the rows are named in `cause.events` alone. */
  readonly events: readonly TimelineItem[];
  readonly intents: readonly RequestedIntent[];
}

/** The rows of a node's journal, in order, as turns. A row that no message here explains is a turn of its own. Pure. */
export function groupIntoTurns(items: readonly TimelineItem[]): Turn[] {
  const outcomes = new Map(items.flatMap((item) => (item.intent_id === null ? [] : [[item.intent_id, item]])));
  const published = new Map(items.flatMap((item) => (item.kind === "event" ? [[item.message_id, item]] : [])));
  const causedEventIds = new Set(items.flatMap(({ events }) => events.map(({ id }) => id)));
  return items
    .filter(({ kind, message_id }) => kind !== "event" || !causedEventIds.has(message_id ?? ""))
    .map((cause) => ({
      cause,
      events: cause.events.flatMap(({ id }) => published.get(id) ?? []),
      intents: cause.intents.map(({ id, type, target }) => {
        const { note = null, tries = [] } = outcomes.get(id) ?? {};
        return { id, type, target, note, tries };
      }),
    }));
}

interface TakenTransition {
  readonly from: string;
  readonly trigger: string;
  readonly to: string;
}

/** The way that a machine took in an attempt. Pure. */
export const takenTransitions = (
  items: readonly TimelineItem[],
  machine: string,
  attemptId: string | null,
): TakenTransition[] =>
  items
    .filter(({ registration_attempt_id }) => registration_attempt_id === attemptId)
    .flatMap(({ moves }) => moves.filter((move) => move.machine === machine));
