import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { lastHeartbeat, nextDeadline } from "../../../dashboard/nodes/node-deadlines.ts";
import { refreshScheduler } from "../../../dashboard/shared/refresh-scheduler.ts";
import { formatNumber, formatMeasuredMs, formatDuration } from "../../../dashboard/shared/format.ts";

describe("what is shown of times and numbers", () => {
  it.each([
    [-5, "0 s"],
    [999, "0 s"],
    [59_999, "59 s"],
    [60_000, "1 min"],
    [185_000, "3 min 5 s"],
    [7_260_000, "2 h 1 min"],
    [90_000_000, "1 d 1 h"],
  ])("says %d ms as %s", (ms, text) => expect(formatDuration(ms)).toBe(text));

  it.each([
    [null, "–"],
    [0.44, "0.4 ms"],
    [122.4, "122 ms"],
    [1_344, "1.34 s"],
    [71_000, "1 min 11 s"],
  ])("says a measured %d ms as %s", (ms, text) => expect(formatMeasuredMs(ms)).toBe(text));

  it("leaves out digits that say nothing", () =>
    expect([0, 0.054, 3.21, 12_500.4].map(formatNumber)).toEqual(["0", "0.05", "3.2", "12,500"]));
});

describe("a node's deadlines", () => {
  const at = (second: number): string => new Date(second * 1_000).toISOString();
  const liveness = (renewed: number | null, due: number) => ({
    state_since: at(0),
    deadlines: { liveness: { at: at(due), renewed_at: renewed === null ? null : at(renewed) } },
  });

  it("are told by the one that comes first", () => {
    const deadlines = { late: { at: at(90), renewed_at: null }, ack: { at: at(30), renewed_at: null } };
    expect(nextDeadline({ deadlines }, 10_000)).toEqual({ name: "ack", leftMs: 20_000 });
    expect(nextDeadline({ deadlines: {} }, 0)).toBeUndefined();
  });

  it.each([
    [29, "fine"],
    [30, "near"],
    [39.9, "near"],
    [40, "late"],
  ])("make a silence from second 10 to %d %s, when it may last until 40", (second, urgency) =>
    expect(lastHeartbeat(liveness(10, 40), second * 1_000)?.urgency).toBe(urgency),
  );

  it("count from the state's beginning until they are renewed", () =>
    expect(lastHeartbeat(liveness(null, 30), 5_000)).toEqual({ agoMs: 5_000, urgency: "fine" }));
});

describe("a paced run", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("is one for all who ask meanwhile, and another for those who ask during it", async () => {
    const done: (() => void)[] = [];
    const run = vi.fn(() => new Promise<void>((resolve) => void done.push(resolve)));
    const { schedule, stop } = refreshScheduler(run);
    schedule();
    schedule();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(run).toHaveBeenCalledTimes(1);
    schedule();
    schedule();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(run, "never two at a time").toHaveBeenCalledTimes(1);
    done[0]?.();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(run).toHaveBeenCalledTimes(2);
    done[1]?.();
    schedule();
    stop();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(run, "none after its end").toHaveBeenCalledTimes(2);
  });
});
