import type { PublishedEvent } from "../shared/published-event.ts";

export const TAIL_MAX = 1_000;

export interface TailRow extends PublishedEvent {
  /** Counts up. */
  readonly number: number;
}
/** The newest events, newest first; while it is paused the newer ones wait. */
export interface Tail {
  readonly rows: readonly TailRow[];
  readonly waiting: readonly TailRow[];
  readonly paused: boolean;
  /** How many came meanwhile: of the waiting ones only the newest are kept. */
  readonly cameMeanwhile: number;
  readonly count: number;
}

export const EMPTY_TAIL: Tail = { rows: [], waiting: [], paused: false, cameMeanwhile: 0, count: 0 };

/** @param events in the order in which they came */
export function withEvents(tail: Tail, events: readonly PublishedEvent[]): Tail {
  if (events.length === 0) return tail;
  const newest = events.map((event, index) => ({ ...event, number: tail.count + index + 1 })).reverse();
  const count = tail.count + events.length;
  if (!tail.paused) return { ...tail, count, rows: [...newest, ...tail.rows].slice(0, TAIL_MAX) };
  const waiting = [...newest, ...tail.waiting].slice(0, TAIL_MAX);
  return { ...tail, count, waiting, cameMeanwhile: tail.cameMeanwhile + events.length };
}

export const paused = (tail: Tail): Tail => ({ ...tail, paused: true });
export const resumed = ({ rows, waiting, count }: Tail): Tail => ({
  rows: [...waiting, ...rows].slice(0, TAIL_MAX),
  waiting: [],
  paused: false,
  cameMeanwhile: 0,
  count,
});
