import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it, vi } from "vitest";
import { SystemClock } from "../../runtime/adapters/system-clock.ts";

describe("SystemClock", () => {
  const clock = new SystemClock();
  afterEach(() => vi.useRealTimers());

  it("calls once, not before the delay", async () => {
    const startedAtMs = clock.monotonicMs();
    const firedAtMs = await new Promise<number>((resolve) => clock.after(20, () => resolve(clock.monotonicMs())));
    expect(firedAtMs - startedAtMs).toBeGreaterThanOrEqual(19);
  });

  it("does not call after it was cancelled", async () => {
    let called = 0;
    const cancel = clock.after(5, () => (called += 1));
    cancel();
    cancel();
    await sleep(20);
    expect(called).toBe(0);
  });

  it("can wait longer than a timer of Node", () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    const days = 86_400_000;
    let called = 0;
    new SystemClock().after(40 * days, () => (called += 1));
    vi.advanceTimersByTime(39 * days);
    expect(called).toBe(0);
    vi.advanceTimersByTime(2 * days);
    expect(called).toBe(1);
  });

  it("returns times and random numbers", () => {
    expect(Math.abs(clock.wallMs() - Date.now())).toBeLessThan(1_000);
    expect(clock.monotonicMs()).toBeLessThanOrEqual(clock.monotonicMs());
    expect(clock.random()).toBeGreaterThanOrEqual(0);
    expect(clock.random()).toBeLessThan(1);
  });
});
