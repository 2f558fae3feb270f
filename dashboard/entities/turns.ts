import type { TimelineItem } from "../../app/http/entities/timeline.ts";

interface RequestedIntent {
  readonly id: string;
  readonly type: string;
  readonly target: string;
  /** How it ended; null: it is pending. */
  readonly note: string | null;
  /** Its calls, where the first one failed. */
  readonly tries: TimelineItem["tries"];
}
/** A message with the decision about it, and the events and intents that followed. */
export interface Turn {
  readonly cause: TimelineItem;
  /** As published. */
  readonly events: readonly TimelineItem[];
  readonly intents: readonly RequestedIntent[];
}

/** Groups the items of a timeline into turns: events follow their cause. Pure. */
export function groupIntoTurns(items: readonly TimelineItem[]): Turn[] {
  const outcomes = new Map(items.flatMap((item) => (item.intent_id === null ? [] : [[item.intent_id, item]])));
  const published = new Map(items.flatMap((item) => (item.kind === "event" ? [[item.message_id, item]] : [])));
  return items
    .filter(({ kind }) => kind !== "event")
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
