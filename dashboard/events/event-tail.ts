import type { PublishedEvent } from "../shared/published-event.ts";

export const TAIL_MAX = 1_000;

export interface TailedEvent extends PublishedEvent {
  /** Counts the events from 1. */
  readonly number: number;
}
interface EventList {
  /** Newest first. */
  readonly rows: readonly TailedEvent[];
  /** How many events there were in all, also those that are not kept. */
  readonly totalCount: number;
}
/** The newest events. */
export interface EventTail extends EventList {
  /** The list as it was when it was paused; undefined: it is not paused. */
  readonly paused?: EventList;
}

export const EMPTY_TAIL: EventTail = { rows: [], totalCount: 0 };

/** @param events oldest first */
export function appendEvents(tail: EventTail, events: readonly PublishedEvent[]): EventTail {
  const newest = events.map((event, index) => ({ ...event, number: tail.totalCount + index + 1 })).reverse();
  const rows = [...newest, ...tail.rows].slice(0, TAIL_MAX);
  return { ...tail, rows, totalCount: tail.totalCount + events.length };
}

export const pauseTail = ({ rows, totalCount }: EventTail): EventTail => ({
  rows,
  totalCount,
  paused: { rows, totalCount },
});
export const resumeTail = ({ rows, totalCount }: EventTail): EventTail => ({ rows, totalCount });
export const clearTail = ({ paused }: EventTail): EventTail => (paused ? pauseTail(EMPTY_TAIL) : EMPTY_TAIL);
