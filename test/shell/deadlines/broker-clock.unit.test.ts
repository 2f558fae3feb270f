import { describe, expect, it } from "vitest";
import { BrokerClock } from "../../../runtime/shell/deadlines/broker-clock.ts";
import { ManualClock } from "../../manual-clock.ts";

describe("the broker's time", () => {
  it("is the wall clock's until a record was received", () => {
    const clock = new ManualClock();
    expect(new BrokerClock(clock).nowMs()).toBe(clock.wallMs());
  });

  it("is the store's as a first guess", async () => {
    const clock = new ManualClock();
    const broker = new BrokerClock(clock);
    broker.guessTime(7_000);
    await clock.advance(100);
    expect(broker.nowMs()).toBe(7_100);
    broker.addSample(clock.monotonicMs(), 5_000);
    broker.guessTime(9_000);
    expect(broker.nowMs()).toBe(5_000);
  });

  it("follows the least delayed record, so it is never ahead", async () => {
    const clock = new ManualClock();
    const broker = new BrokerClock(clock);
    broker.addSample(clock.monotonicMs(), 5_000);
    broker.addSample(clock.monotonicMs(), 4_000);
    expect(broker.nowMs()).toBe(5_000);
    await clock.advance(100);
    expect(broker.nowMs()).toBe(5_100);
  });

  it("forgets old samples, so that it follows a drift", async () => {
    const clock = new ManualClock();
    const broker = new BrokerClock(clock);
    broker.addSample(clock.monotonicMs(), 9_000);
    for (let i = 0; i < 3; i++) {
      await clock.advance(31_000);
      broker.addSample(clock.monotonicMs(), 1_000 + clock.monotonicMs());
    }
    expect(broker.nowMs()).toBe(1_000 + clock.monotonicMs());
  });
});
