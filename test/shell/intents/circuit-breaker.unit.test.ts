import { describe, expect, it } from "vitest";
import { Breaker } from "../../../runtime/shell/intents/circuit-breaker.ts";
import { ManualClock } from "../../manual-clock.ts";

function world() {
  const clock = new ManualClock();
  const told: boolean[] = [];
  const breaker = new Breaker(clock, { failureThreshold: 3, resetTimeoutMs: 5_000 }, (open) => told.push(open));
  return { clock, told, breaker };
}

describe("the breaker", () => {
  it("opens after so many failures in a row, and a success begins the count anew", () => {
    const { breaker, told } = world();
    for (const end of ["failed", "failed", "succeeded", "failed", "failed"] as const) breaker[end]();
    expect([breaker.admits(), told]).toEqual([true, []]);
    breaker.failed();
    expect([breaker.admits(), told]).toEqual([false, [true]]);
  });

  it("lets one call try after its rest, which shuts it by a success", async () => {
    const { breaker, clock, told } = world();
    for (let i = 0; i < 3; i++) breaker.failed();
    await clock.advance(4_999);
    expect(breaker.admits()).toBe(false);
    await clock.advance(1);
    expect([breaker.admits(), breaker.admits()]).toEqual([true, false]);
    breaker.succeeded();
    expect([breaker.admits(), breaker.admits(), told]).toEqual([true, true, [true, false]]);
  });

  it("rests again when the call that tried failed, and says so once", async () => {
    const { breaker, clock, told } = world();
    for (let i = 0; i < 3; i++) breaker.failed();
    await clock.advance(5_000);
    breaker.admits();
    breaker.failed();
    await clock.advance(4_999);
    expect([breaker.admits(), told]).toEqual([false, [true]]);
  });

  it("is not shut by calls that began before it opened", () => {
    const { breaker } = world();
    for (let i = 0; i < 3; i++) breaker.failed();
    breaker.succeeded();
    breaker.failed();
    expect(breaker.admits()).toBe(false);
  });
});
