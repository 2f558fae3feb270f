import { describe, expect, it } from "vitest";
import { RateLimit } from "../../app/http/server/rate-limit.ts";
import { ManualClock } from "../manual-clock.ts";

describe("a token bucket", () => {
  const clock = new ManualClock();
  const limit = new RateLimit(10, clock);
  const takeAll = (identity: string): number => {
    for (let taken = 0; ; taken++) if (limit.take(identity) > 0) return taken;
  };

  it("holds requests for two seconds, and refills at its rate", () => {
    expect(takeAll("a")).toBe(20);
    clock.pass(500);
    expect(takeAll("a")).toBe(5);
    clock.pass(60_000);
    expect(takeAll("a")).toBe(20);
    expect(limit.take("a")).toBe(1);
  });

  it("exists for each identity", () => {
    expect(takeAll("a")).toBe(0);
    expect(takeAll("b")).toBe(20);
  });

  it("is forgotten for identities not seen for long: the number is bounded", () => {
    const limited = new RateLimit(10, clock);
    const takenTwice = (identity: string): boolean => limited.take(identity) + limited.take(identity) > 0;
    for (let taken = 0; taken < 19; taken++) limited.take("a");
    for (let each = 1; each < 10_000; each++) limited.take(`address ${each}`);
    expect(takenTwice("a")).toBe(true);
    for (let each = 0; each < 10_000; each++) limited.take(`other ${each}`);
    expect(takenTwice("a")).toBe(false);
  });
});
