import type { TimelineItem } from "../../app/http/entities/timeline.ts";

interface RequestedIntent {
  readonly id: string;
  readonly type: string;
  readonly target: string;
  /** Its outcome; null: these rows have none. */
  readonly note: string | null;
  /** Its calls, where the first one failed. */
  readonly tries: TimelineItem["tries"];
}
/** A message with the decision about it, and the events and intents that followed. */
export interface Turn {
  readonly cause: TimelineItem;
  /** As published. Those without a row here are only named in `cause.events`. */
  readonly events: readonly TimelineItem[];
  readonly intents: readonly RequestedIntent[];
}

/** Groups the rows of a journal into turns. An event without its cause among the rows is a turn of its own. Pure. */
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

/** The transitions that a machine took in an attempt. Pure. */
export const takenTransitions = (
  items: readonly TimelineItem[],
  machine: string,
  attemptId: string | null,
): TakenTransition[] =>
  items
    .filter(({ attempt_id }) => attempt_id === attemptId)
    .flatMap(({ moves }) => moves.filter((move) => move.machine === machine));
