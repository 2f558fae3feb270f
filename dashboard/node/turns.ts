import type { TimelineItem } from "../../app/http/timeline-rows.ts";

interface AskedIntent {
  readonly id: string;
  readonly type: string;
  readonly target: string;
  /** What became of it; null: nothing yet, as far as these rows go. */
  readonly note: string | null;
}
/** A message, what was decided, and all that came of it. */
export interface Turn {
  readonly cause: TimelineItem;
  /** As published; those whose row is not among the rows are named in `cause.events` alone. */
  readonly events: readonly TimelineItem[];
  readonly intents: readonly AskedIntent[];
}

/** The rows of a node's journal, in order, as turns. A row that no message here explains is a turn of its own. Pure. */
export function turnsOf(items: readonly TimelineItem[]): Turn[] {
  const notes = new Map(items.flatMap(({ intent_id, note }) => (intent_id === null ? [] : [[intent_id, note]])));
  const published = new Map(items.flatMap((item) => (item.kind === "event" ? [[item.message_id, item]] : [])));
  const explained = new Set(items.flatMap(({ events }) => events.map(({ id }) => id)));
  return items
    .filter(({ kind, message_id }) => kind !== "event" || !explained.has(message_id ?? ""))
    .map((cause) => ({
      cause,
      events: cause.events.flatMap(({ id }) => published.get(id) ?? []),
      intents: cause.intents.map(({ id, type, target }) => ({ id, type, target, note: notes.get(id) ?? null })),
    }));
}

interface Step {
  readonly from: string;
  readonly trigger: string;
  readonly to: string;
}

/** The way that a machine took in an attempt. Pure. */
export const pathOf = (items: readonly TimelineItem[], machine: string, attemptId: string | null): Step[] =>
  items
    .filter(({ registration_attempt_id }) => registration_attempt_id === attemptId)
    .flatMap(({ moves }) => moves.filter((move) => move.machine === machine));
