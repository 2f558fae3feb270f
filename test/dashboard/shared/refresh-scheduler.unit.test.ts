import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { refreshScheduler } from "../../../dashboard/shared/refresh-scheduler.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it("calls before a run share it, calls during a run share the next one, and none runs after the end", async () => {
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
  expect(run, "two runs never overlap").toHaveBeenCalledTimes(1);
  done[0]?.();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(run).toHaveBeenCalledTimes(2);
  done[1]?.();
  schedule();
  stop();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(run, "none after the end").toHaveBeenCalledTimes(2);
});
