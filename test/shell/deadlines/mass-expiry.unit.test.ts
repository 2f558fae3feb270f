import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { judgeMassExpiry } from "../../../runtime/shell/deadlines/expiry-guard.ts";

const NOW = 1_000_000;
const PERIOD_MS = 30_000;
const guard = { maxRatio: 0.3, minCount: 5 };
const times = (count: number, at: number): number[] => Array.from({ length: count }, () => at);
interface Case {
  readonly guard?: typeof guard;
  readonly armedTimes?: readonly number[];
  readonly expiredAtMs?: readonly number[];
  readonly releasedUntilMs?: number;
}
const judge = ({ armedTimes = [], expiredAtMs = [], releasedUntilMs, ...more }: Case) => {
  const hold = releasedUntilMs !== undefined && { releasedAtMs: releasedUntilMs - PERIOD_MS, releasedBy: "ann" };
  const state = { guard, deadline: { renewedForMs: PERIOD_MS }, expiredAtMs, ...(hold && { hold }), ...more };
  return judgeMassExpiry(state as unknown as Parameters<typeof judgeMassExpiry>[0], armedTimes, NOW);
};

describe("a mass expiry", () => {
  it.each([
    { due: 29, well: 71, isMass: false, why: "below the share" },
    { due: 30, well: 70, isMass: true, why: "at the share" },
    { due: 4, well: 0, isMass: false, why: "all of them, but too few to tell" },
    { due: 5, well: 0, isMass: true, why: "the least count" },
  ])("is $isMass with $due of 100 due: $why", ({ due, well, isMass }) =>
    expect(judge({ armedTimes: [...times(due, NOW), ...times(well, NOW + 25_000)] }).isMass).toBe(isMass),
  );

  it.each([
    { at: NOW + 15_000, counts: true },
    { at: NOW + 15_001, counts: false },
    { at: NOW - 60_000, counts: true },
  ])("looks half of the period ahead: a deadline at $at counts: $counts", ({ at, counts }) =>
    expect(judge({ armedTimes: times(5, at) })).toEqual({ isMass: counts, entities: counts ? 5 : 0, total: 5 }),
  );

  it.each([
    { at: NOW, counts: true },
    { at: NOW - 15_000, counts: true },
    { at: NOW - 15_001, counts: false },
  ])("looks half of the period back: an expiry at $at counts: $counts", ({ at, counts }) =>
    expect(judge({ expiredAtMs: times(5, at) }).entities).toBe(counts ? 5 : 0),
  );

  it("counts expired entities in the total too", () =>
    expect(judge({ armedTimes: times(12, NOW + 25_000), expiredAtMs: times(6, NOW) })).toEqual({
      isMass: true,
      entities: 6,
      total: 18,
    }));

  it("does not count what an operator released", () => {
    const armedFor = [...times(60, NOW), ...times(40, NOW + 25_000)];
    expect(judge({ armedTimes: armedFor, releasedUntilMs: NOW }).isMass).toBe(false);
    expect(judge({ armedTimes: armedFor, releasedUntilMs: NOW - 1 }).isMass).toBe(true);
  });

  it("is reached sooner the more entities are due, and later the more are not", () =>
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: NOW - 40_000, max: NOW + 40_000 }), { maxLength: 60 }),
        fc.array(fc.integer({ min: NOW - 40_000, max: NOW }), { maxLength: 30 }),
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        fc.integer({ min: 1, max: 20 }),
        (armedFor, expiredAt, maxRatio, minCount) => {
          const judged = (more: Case) =>
            judge({ guard: { maxRatio, minCount }, armedTimes: armedFor, expiredAtMs: expiredAt, ...more });
          const { isMass, entities, total } = judged({});
          expect(entities).toBeLessThanOrEqual(total);
          if (isMass) {
            expect(entities).toBeGreaterThanOrEqual(minCount);
            expect(judged({ armedTimes: [...armedFor, NOW] }).isMass).toBe(true);
            expect(judged({ expiredAtMs: [...expiredAt, NOW] }).isMass).toBe(true);
          } else expect(judged({ armedTimes: [...armedFor, NOW + 40_000] }).isMass).toBe(false);
        },
      ),
      { numRuns: 1_000 },
    ));
});
