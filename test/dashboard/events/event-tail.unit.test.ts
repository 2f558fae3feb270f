import { describe, expect, it } from "vitest";
import {
  appendEvents,
  clearTail,
  EMPTY_TAIL,
  pauseTail,
  resumeTail,
  TAIL_MAX,
} from "../../../dashboard/events/event-tail.ts";
import type { PublishedEvent } from "../../../dashboard/shared/published-event.ts";

const event = (type: string): PublishedEvent => ({ type, envelope: { payload: {} } });
const events = (count: number) => Array.from({ length: count }, (_, index) => event(`E${index}`));

describe("the tail of events", () => {
  it("has the newest event first, and keeps a bounded number", () => {
    const tail = appendEvents(appendEvents(EMPTY_TAIL, events(TAIL_MAX)), [event("last")]);
    expect(tail.rows).toHaveLength(TAIL_MAX);
    expect(tail.rows.slice(0, 2).map(({ type }) => type)).toEqual(["last", `E${TAIL_MAX - 1}`]);
    expect(new Set(tail.rows.map(({ number }) => number)).size).toBe(TAIL_MAX);
  });

  it("shows the same rows while it is paused, counts the new ones, and keeps the newest of them", () => {
    const paused = appendEvents(pauseTail(appendEvents(EMPTY_TAIL, [event("first")])), events(TAIL_MAX + 5));
    expect(paused.paused?.rows.map(({ type }) => type)).toEqual(["first"]);
    expect(paused.totalCount - (paused.paused?.totalCount ?? 0)).toBe(TAIL_MAX + 5);
    const resumed = resumeTail(paused);
    expect([resumed.rows.length, resumed.rows[0]?.type, resumed.paused]).toEqual([
      TAIL_MAX,
      `E${TAIL_MAX + 4}`,
      undefined,
    ]);
  });

  it("stays paused when it is cleared", () => {
    const { rows, totalCount, paused } = clearTail(pauseTail(appendEvents(EMPTY_TAIL, events(3))));
    expect([rows, totalCount, paused]).toEqual([[], 0, { rows: [], totalCount: 0 }]);
    expect(clearTail(appendEvents(EMPTY_TAIL, events(3)))).toEqual(EMPTY_TAIL);
  });
});
