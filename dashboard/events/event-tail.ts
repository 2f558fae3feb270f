import type { PublishedEvent } from "../shared/published-event.ts";

export const TAIL_MAX = 1_000;

export interface TailedEvent extends PublishedEvent {
  /** Counts the events from 1. */
  readonly number: number;
}
/** The newest events, newest first. While it is paused, new ones are held back. */
export interface EventTail {
  readonly rows: readonly TailedEvent[];
  readonly heldBack: readonly TailedEvent[];
  readonly paused: boolean;
  /** May be more than are held back: only the newest are kept. */
  readonly arrivedWhilePaused: number;
  readonly totalCount: number;
}

export const EMPTY_TAIL: EventTail = { rows: [], heldBack: [], paused: false, arrivedWhilePaused: 0, totalCount: 0 };

/** @param events oldest first */
export function appendEvents(tail: EventTail, events: readonly PublishedEvent[]): EventTail {
  if (events.length === 0) return tail;
  const newest = events.map((event, index) => ({ ...event, number: tail.totalCount + index + 1 })).reverse();
  const totalCount = tail.totalCount + events.length;
  if (!tail.paused) return { ...tail, totalCount, rows: [...newest, ...tail.rows].slice(0, TAIL_MAX) };
  const heldBack = [...newest, ...tail.heldBack].slice(0, TAIL_MAX);
  return { ...tail, totalCount, heldBack, arrivedWhilePaused: tail.arrivedWhilePaused + events.length };
}

export const pauseTail = (tail: EventTail): EventTail => ({ ...tail, paused: true });
export const resumeTail = ({ rows, heldBack, totalCount }: EventTail): EventTail => ({
  ...EMPTY_TAIL,
  rows: [...heldBack, ...rows].slice(0, TAIL_MAX),
  totalCount,
});
