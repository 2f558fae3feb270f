import { describe, expect, it } from "vitest";
import { CircuitBreaker } from "../../../runtime/shell/intents/circuit-breaker.ts";
import { ManualClock } from "../../manual-clock.ts";

function world() {
  const clock = new ManualClock();
  const told: boolean[] = [];
  const limits = { failureThreshold: 3, resetTimeoutMs: 5_000 };
  const breaker: CircuitBreaker = new CircuitBreaker(clock, limits, () => void told.push(breaker.isOpen));
  return { clock, told, breaker };
}

describe("the breaker", () => {
  it("opens after a number of failures in a row; a success resets the count", () => {
    const { breaker, told } = world();
    for (const end of ["recordFailure", "recordFailure", "recordSuccess", "recordFailure", "recordFailure"] as const)
      breaker[end]();
    expect([breaker.allowsCall(), told]).toEqual([true, []]);
    breaker.recordFailure();
    expect([breaker.allowsCall(), told]).toEqual([false, [true]]);
  });

  it("allows one probe after the reset timeout, and closes when it succeeds", async () => {
    const { breaker, clock, told } = world();
    for (let i = 0; i < 3; i++) breaker.recordFailure();
    await clock.advance(4_999);
    expect(breaker.allowsCall()).toBe(false);
    await clock.advance(1);
    expect([breaker.allowsCall(), breaker.allowsCall()]).toEqual([true, false]);
    breaker.recordSuccess();
    expect([breaker.allowsCall(), breaker.allowsCall(), told]).toEqual([true, true, [true, false]]);
  });

  it("stays open when the probe fails, and reports the opening once", async () => {
    const { breaker, clock, told } = world();
    for (let i = 0; i < 3; i++) breaker.recordFailure();
    await clock.advance(5_000);
    breaker.allowsCall();
    breaker.recordFailure();
    await clock.advance(4_999);
    expect([breaker.allowsCall(), told]).toEqual([false, [true]]);
  });

  it("is not closed by calls that began before it opened", () => {
    const { breaker } = world();
    for (let i = 0; i < 3; i++) breaker.recordFailure();
    breaker.recordSuccess();
    breaker.recordFailure();
    expect(breaker.allowsCall()).toBe(false);
  });
});
