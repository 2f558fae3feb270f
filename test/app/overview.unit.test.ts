import { describe, expect, it } from "vitest";
import { listNotices, type TroubleFacts } from "../../app/http/health/troubles.ts";
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
  const state = (more: Partial<StateSpec>): StateSpec => ({ name: "X", terminal: false, transient: false, ...more });
  const deadline = (renewedBy: string[]) => ({ name: "d", afterMs: 1, renewedForMs: 1, renewedBy: new Set(renewedBy) });

  it("follows from its deadline and whether it is terminal, not from its name", () => {
    expect(stateKindOf(state({ deadline: deadline(["Beat"]) }))).toBe("live");
    expect(stateKindOf(state({ deadline: deadline([]) }))).toBe("waiting");
    expect(stateKindOf(state({}))).toBe("waiting");
    expect(stateKindOf(state({ terminal: true }))).toBe("ended");
  });
});

describe("the notices", () => {
  const well: TroubleFacts = {
    parts: {
      bus: { ok: true },
      store: { ok: true },
      catalogue: { ok: true },
      partitions: { ok: true, refused: [] },
    },
    refusedChange: null,
    holds: [],
    openBreakers: new Map(),
    drift: [],
    nowMs: 100_000,
    brokerTimeMs: 100_000,
  };
  const drift = {
    backend: "consul",
    comparedAtMs: 90_000,
    error: null,
    found: { missing: 0, altered: 0, leftover: 0 },
    isHeld: false,
  };
  const hold = {
    domain: "registration",
    kind: "expiry" as const,
    subject: "ACTIVE",
    in_force: true,
    held_at: "1970-01-01T00:01:00.000Z",
    count: 30,
    of: 100,
    released_at: null,
    released_by: null,
    reason: null,
  };

  it("are empty for a healthy system", () =>
    expect(listNotices({ ...well, drift: [drift], holds: [{ ...hold, in_force: false }] })).toEqual([]));

  it.each<[string, Partial<TroubleFacts>, object]>([
    [
      "a part out of reach",
      { parts: { ...well.parts, bus: { ok: false, reason: "no broker" } } },
      { title: "The bus can't be reached", command: "rollcall doctor" },
    ],
    [
      "refused partitions",
      { parts: { ...well.parts, partitions: { ok: false, refused: ["partition 3 ..."] } } },
      { title: "Partitions are refused", command: "rollcall offsets reset" },
    ],
    [
      "partitions nobody serves",
      { parts: { ...well.parts, partitions: { ok: false, reason: "1 of 4 unserved", refused: [] } } },
      { title: "Partitions are not served", detail: "1 of 4 unserved" },
    ],
    [
      "refused contracts",
      { refusedChange: { atMs: 60_000, by: "ann", reason: "RC101", diagnostics: [] } },
      { title: "The edited contracts were refused", command: "rollcall validate" },
    ],
    [
      "a held expiry",
      { holds: [hold] },
      {
        title: "Expiry of ACTIVE is held",
        hold: { domain: "registration", subject: "ACTIVE" },
        detail: "since 40 s ago: 30 of 100 would have happened at once",
      },
    ],
    [
      "held deletions",
      { holds: [{ ...hold, kind: "deletion", subject: "consul" }] },
      { title: "Deletions from consul are held", command: 'rollcall hold release registration consul --reason "..."' },
    ],
    [
      "an open breaker",
      { openBreakers: new Map([["consul", 95_000]]) },
      {
        title: "consul is not called: its circuit breaker is open",
        detail: "open for 5 s: too many failures in a row",
      },
    ],
    [
      "a backend that can't be read",
      { drift: [{ ...drift, error: "403" }] },
      { title: "consul can't be compared", level: "bad" },
    ],
    [
      "drift",
      { drift: [{ ...drift, found: { missing: 2, altered: 0, leftover: 1 } }] },
      { title: "consul has drifted", level: "note", detail: "2 missing, 1 leftover, compared 10 s ago" },
    ],
  ])("report %s, with a remedy", (_what, facts, notice) => {
    const [only, ...others] = listNotices({ ...well, ...facts });
    expect(others).toEqual([]);
    expect(only).toMatchObject(notice);
    expect(only?.remedy).not.toBe("");
  });

  it("are sorted, worst first", () => {
    const found = { missing: 2, altered: 0, leftover: 0 };
    const levels = listNotices({
      ...well,
      drift: [
        { ...drift, found },
        { ...drift, backend: "postgres", error: "x" },
      ],
    });
    expect(levels.map(({ level }) => level)).toEqual(["bad", "note"]);
  });
});
