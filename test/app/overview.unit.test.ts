import { describe, expect, it } from "vitest";
import { OverviewHistory } from "../../app/http/overview/overview-history.ts";
import { RecentValues } from "../../app/http/overview/recent-values.ts";
import { stateKindOf } from "../../app/http/overview/overview.ts";
import type { StateSpec } from "../../runtime/core/domain.ts";

describe("recent values", () => {
  it("have percentiles by the nearest rank", () => {
    const values = new RecentValues({ size: 1_000, windowMs: 60_000 });
    for (let value = 200; value > 0; value--) values.add(value, 0);
    expect(values.percentiles(0)).toEqual({ count: 200, p50_ms: 100, p99_ms: 198, max_ms: 200 });
  });

  it("with one value all percentiles are that value, and with none they are null", () => {
    const values = new RecentValues({ size: 4, windowMs: 60_000 });
    expect(values.percentiles(0)).toEqual({ count: 0, p50_ms: null, p99_ms: null, max_ms: null });
    values.add(7, 0);
    expect(values.percentiles(0)).toEqual({ count: 1, p50_ms: 7, p99_ms: 7, max_ms: 7 });
  });

  it("keep the newest, and ignore those that are too old", () => {
    const values = new RecentValues({ size: 3, windowMs: 60_000 });
    for (const value of [9, 1, 2, 3]) values.add(value, value * 1_000);
    expect(values.percentiles(4_000)).toMatchObject({ count: 3, max_ms: 3 });
    expect(values.percentiles(62_500)).toMatchObject({ count: 1, p50_ms: 3 });
  });
});

describe("the history", () => {
  const at = (seconds: number, asked: number) => ({
    atMs: seconds * 1_000,
    totals: { messages: { Asked: asked }, events: {}, dead_letters: 0 },
    entities: [asked],
  });

  it("has rates per second between two samples", () => {
    const history = new OverviewHistory(10);
    for (const sample of [at(0, 0), at(10, 50), at(20, 50)]) history.add(sample);
    expect(history.series()).toMatchObject({
      at: ["1970-01-01T00:00:00.000Z", "1970-01-01T00:00:10.000Z", "1970-01-01T00:00:20.000Z"],
      entities: [[0], [50], [50]],
      messages: { Asked: [0, 5, 0] },
      events: {},
      dead_letters: [0, 0, 0],
    });
  });

  it("is bounded: the oldest sample is dropped", () => {
    const history = new OverviewHistory(2);
    for (const sample of [at(0, 0), at(10, 10), at(20, 30)]) history.add(sample);
    expect(history.series().entities).toEqual([[10], [30]]);
  });

  it("begins at zero with a type that new contracts bring", () => {
    const history = new OverviewHistory(10);
    for (const sample of [at(0, 5), { ...at(10, 5), totals: { ...at(10, 5).totals, events: { New: 20 } } }])
      history.add(sample);
    expect(history.series()).toMatchObject({ messages: { Asked: [0, 0] }, events: { New: [0, 2] } });
  });

  it("has the rate of the last minute", () => {
    const history = new OverviewHistory(10);
    expect(history.rates(at(0, 9), 60_000).messages["Asked"], "nothing to compare with").toBe(0);
    for (const sample of [at(0, 0), at(10, 100), at(60, 200)]) history.add(sample);
    expect(history.rates(at(65, 265), 60_000).messages["Asked"]).toBe(3);
  });
});

describe("the kind of a state", () => {
  const state = (more: Partial<StateSpec>): StateSpec => ({
    name: "X",
    terminal: false,
    rests: false,
    transient: false,
    ...more,
  });
  const deadline = (renewedBy: string[]) => ({ name: "d", afterMs: 1, renewedForMs: 1, renewedBy: new Set(renewedBy) });

  it("follows from its deadline and whether it is terminal, not from its name", () => {
    expect(stateKindOf(state({ deadline: deadline(["Beat"]) }))).toBe("live");
    expect(stateKindOf(state({ deadline: deadline([]) }))).toBe("waiting");
    expect(stateKindOf(state({}))).toBe("waiting");
    expect(stateKindOf(state({ terminal: true }))).toBe("ended");
  });
});
