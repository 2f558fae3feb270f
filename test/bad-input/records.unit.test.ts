import { afterAll, describe, expect, it } from "vitest";
import { records, titleOf } from "./registration/records.ts";
import { expectHarmless, recordOf, takeIn, Tally, written } from "./registration/taking-in.ts";

describe("a bad message, without a bus", () => {
  const tally = new Tally();
  afterAll(() => tally.report("records, pure"));

  it.each(records.map((fixture) => [titleOf(fixture), fixture] as const))("%s", (title, fixture) => {
    const { id, record } = recordOf(fixture);
    const { work, plan } = tally.time(
      () => title,
      () => takeIn(record),
    );
    const { outcome } = fixture;
    expectHarmless(plan);
    if ("dead" in outcome) {
      expect(plan.deadLetters.map(({ code, error }) => `${code}: ${error}`)).toEqual([
        expect.stringContaining(outcome.dead),
      ]);
      return;
    }
    expect(plan.deadLetters.map(({ error }) => error)).toEqual([]);
    if (work.kind !== "step" && work.kind !== "repartition") throw new Error(work.kind);
    expect(work.kind).toBe(fixture.misplaced ? "repartition" : "step");
    expect(work.message.entityId).toBe(id);
    expect(work.message.payload).toMatchObject(outcome.holds ?? {});
    // The same bytes give the same result again.
    expect(written(takeIn(record).plan) === written(plan)).toBe(true);
  });
});
