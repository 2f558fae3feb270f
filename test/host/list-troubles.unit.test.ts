import { describe, expect, it } from "vitest";
import type { DomainFacts } from "../../app/host/troubles/facts.ts";
import { listTroubles } from "../../app/host/troubles/list-troubles.ts";
import { blockers } from "../../app/host/troubles/trouble.ts";
import { Fault } from "../../runtime/core/fault.ts";
import { HEARD } from "../../runtime/ports/notices.ts";

const DAY_MS = 86_400_000;
const NOW_MS = 1_000_000;
const notices = HEARD;
const readable = { count: 0, foundAtMs: Number.POSITIVE_INFINITY, partitions: [], examples: [] };
const open = { keys: ["hall/7", "hall/2"], forMs: 5_000, lastError: "no route" } as const;
const refusedTurn = {
  ...{
    partition: 2,
    entityId: "e1",
    type: "Written",
    intentId: "i1",
    error: "no room",
    sinceMs: NOW_MS - 9_000,
    times: 3,
  },
};
const away = (forMs: number) => ({ ok: false, reason: "no answer", forMs }) as const;

type StatusChanges = Partial<DomainFacts["status"]>;
const domain = (name: string, status: StatusChanges = {}, more: Partial<DomainFacts> = {}): DomainFacts => ({
  name,
  status: {
    ...{ bus: { ok: true }, store: { ok: true }, owned: [0, 1, 2], partitions: 3, refused: [], paused: [] },
    ...{ commits: { lastMs: 500, failing: undefined }, standstillMs: new Map(), openBreakers: new Map() },
    ...{ holds: [], drift: [], refusedTurns: [], unreadable: readable, brokerTimeMs: NOW_MS },
    ...status,
  },
  ...{
    failure: null,
    refusedChange: null,
    hasAssignment: true,
    hasFailed: false,
    unserved: [],
    backends: [],
    jobs: [],
    purgesDueAtMs: null,
  },
  ...more,
});
/** Codes, and whether the process and each domain are ready. */
const seen = (domains: readonly DomainFacts[], isStopping = false) => {
  const troubles = listTroubles({ isStopping, domains, unserved: [], notices, nowMs: NOW_MS });
  const ready = (name?: string): boolean => blockers(troubles, name).length === 0;
  return { codes: troubles.map(({ code }) => code), process: ready(), domains: domains.map(({ name }) => ready(name)) };
};
const ready = { process: true, domains: [true, true] };
const failing = (forMs: number) => ({ lastMs: 20_000, failing: { forMs, reason: "disk full" } });

describe("what is ready, and why not", () => {
  it("while all is well, also when idle and with no partition", () => {
    expect(seen([domain("a"), domain("b", { owned: [] })])).toEqual({ codes: [], ...ready });
  });

  it.each([
    ["starting", domain("a", { owned: [] }, { hasAssignment: false }), ["STARTING"]],
    ["no partition, while nobody serves some", domain("a", { owned: [] }, { unserved: [1, 2] }), ["STARTING"]],
    ["the bus away", domain("a", { bus: away(100) }), ["BUS_UNAVAILABLE"]],
    ["the store away", domain("a", { store: away(100), commits: failing(40_000) }), ["STORE_UNAVAILABLE"]],
    ["every commit failed for 15 s", domain("a", { commits: failing(15_000) }), ["STORE_COMMITS_FAILING"]],
    ["refused partitions", domain("a", { owned: [], refused: ["x partition 3 ends"] }), ["PARTITION_REFUSED"]],
  ])("is neither the process nor its only domain: %s", (_, facts, codes) => {
    expect(seen([facts])).toEqual({ codes, process: false, domains: [false] });
  });

  it("names the partitions that are refused", () => {
    const domains = [domain("a", { owned: [], refused: ["a's partition 3 ends at 7", "a's partition 12 ends at 9"] })];
    expect(listTroubles({ isStopping: false, unserved: [], notices, domains, nowMs: NOW_MS })).toMatchObject([
      { code: "PARTITION_REFUSED", partitions: [3, 12], detail: expect.stringContaining("ends at 7; a's") },
    ]);
  });

  it("tells partitions with a damaged journal from those with another log", () => {
    const damaged = "line 7 of partition 2 of a in rollcall.turn is missing";
    const domains = [domain("a", { owned: [], refused: ["a's partition 3 ends at 7", damaged] })];
    expect(listTroubles({ isStopping: false, unserved: [], notices, domains, nowMs: NOW_MS })).toMatchObject([
      { code: "PARTITION_REFUSED", partitions: [3], remedy: expect.stringContaining("offsets reset") },
      { code: "PARTITION_REFUSED", partitions: [2], detail: damaged, remedy: expect.stringContaining("backup") },
    ]);
  });

  it("is everything while entities can't be read: they are named, with where and what to do", () => {
    const unreadable = {
      ...{ count: 2, foundAtMs: NOW_MS - 5_000, partitions: [1] },
      examples: [{ entityId: "p-17", problem: "/address: expected object" }],
    };
    const domains = [domain("a", { unreadable })];
    expect(listTroubles({ isStopping: false, notices, unserved: [], domains, nowMs: NOW_MS })).toEqual([
      expect.objectContaining({
        ...{ code: "ENTITY_UNREADABLE", domain: "a", partitions: [1], sinceMs: NOW_MS - 5_000, blocks: "nothing" },
        title: "2 entities can't be read",
        detail: expect.stringContaining("p-17 at /address: expected object; and 1 more"),
        remedy: expect.stringContaining("rollcall dlq retry --domain a --code ENTITY_UNREADABLE"),
      }),
    ]);
  });

  it("is nothing while the process drains", () => {
    expect(seen([domain("a"), domain("b")], true)).toEqual({
      codes: ["DRAINING"],
      process: false,
      domains: [false, false],
    });
  });

  it("is nothing when no domain reaches the store or can commit", () => {
    const neither = { process: false, domains: [false, false] };
    expect(seen([domain("a", { bus: away(0) }), domain("b", { bus: away(0) })])).toEqual({
      codes: ["BUS_UNAVAILABLE"],
      ...neither,
    });
    const idle = domain("b", { commits: { lastMs: Infinity, failing: undefined } });
    expect(seen([domain("a", { commits: failing(15_000) }), idle])).toEqual({
      codes: ["STORE_COMMITS_FAILING"],
      ...neither,
    });
  });

  it("is the process, not the domain, when one of its partitions stands still for 15 s", () => {
    const still = (forMs: number) => domain("a", { standstillMs: new Map([[2, forMs]]) });
    expect(seen([still(14_999)])).toEqual({ codes: [], process: true, domains: [true] });
    expect(seen([still(15_000)])).toEqual({ codes: ["PARTITION_STALLED"], process: true, domains: [false] });
    expect(
      listTroubles({ isStopping: false, unserved: [], notices, domains: [still(15_000)], nowMs: NOW_MS }),
    ).toMatchObject([{ domain: "a", partitions: [2], sinceMs: NOW_MS - 15_000, blocks: "domain" }]);
  });

  it("is the process when the commits of one domain fail and those of another go on", () => {
    expect(seen([domain("a", { commits: failing(15_000) }), domain("b")])).toEqual({
      codes: ["PARTITION_STALLED"],
      process: true,
      domains: [false, true],
    });
  });

  it("is everything under backpressure; a paused partition of which nothing is committed stands still", () => {
    const paused = (forMs: number) => domain("a", { paused: [1], standstillMs: new Map([[1, forMs]]) });
    expect(seen([paused(14_999), domain("b")])).toEqual({ codes: ["BACKPRESSURE"], ...ready });
    expect(seen([paused(15_000), domain("b")]).codes).toEqual(["PARTITION_STALLED", "BACKPRESSURE"]);
  });

  it.each<[string, DomainFacts, string]>([
    [
      "a failure of its own",
      domain(
        "a",
        { owned: [] },
        { failure: { atMs: 7, error: new Fault("TOPICS_UNEQUAL", "3 and 5", { retryable: false }) } },
      ),
      "3 and 5",
    ],
    ["a topic without a leader", domain("a", { bus: away(5_000) }), "no answer"],
  ])("is the process and the other domain while one fails: %s", (_, facts, reason) => {
    const troubles = listTroubles({
      isStopping: false,
      unserved: [],
      notices,
      domains: [facts, domain("b")],
      nowMs: NOW_MS,
    });
    expect(troubles).toMatchObject([{ code: "DOMAIN_FAILED", domain: "a", detail: expect.stringContaining(reason) }]);
    expect(troubles[0]?.remedy).not.toBe("");
    expect(seen([facts, domain("b")])).toMatchObject({ process: true, domains: [false, true] });
  });

  it("is everything while one domain alone has not reached the bus for less than 5 s", () => {
    expect(seen([domain("a", { bus: away(4_999) }), domain("b")])).toEqual({ codes: [], ...ready });
  });

  it("is the process while a domain that had failed or was served is being started anew", () => {
    for (const more of [{ hasAssignment: false, hasFailed: true }, { unserved: [0] }])
      expect(seen([domain("a", { owned: [] }, more), domain("b")])).toEqual({
        codes: ["STARTING"],
        process: true,
        domains: [false, true],
      });
  });
});

describe("what blocks nothing", () => {
  const drift = { backend: "consul", comparedAtMs: 1, error: null, found: { missing: 0, altered: 0, leftover: 0 } };
  const hold = { state: "ACTIVE", heldAtMs: 40_000, entities: 30, total: 100, waiting: 30 };
  const released = { releasedAtMs: null, releasedBy: null, reason: null };

  it.each<[string, DomainFacts, object[]]>([
    ["no drift", domain("a", { drift: [{ ...drift, isHeld: false }] }), []],
    [
      "a held expiry",
      domain("a", { holds: [{ ...hold, ...released }] }),
      [{ code: "EXPIRY_HELD", subject: "ACTIVE", sinceMs: 40_000, detail: "30 of 100 would have happened at once" }],
    ],
    [
      "drift with held deletions",
      domain("a", { drift: [{ ...drift, found: { ...drift.found, leftover: 7 }, isHeld: true }] }),
      [{ code: "DELETIONS_HELD", subject: "consul", detail: "7 would have happened at once" }, { code: "DRIFT" }],
    ],
    [
      "a backend that can't be read",
      domain("a", { drift: [{ ...drift, error: "403", isHeld: false }] }),
      [{ code: "COMPARISON_FAILED", subject: "consul", detail: expect.stringContaining("403") }],
    ],
    [
      "an open breaker",
      domain("a", { openBreakers: new Map([["hall/{row}", open]]) }),
      [
        {
          ...{ code: "BREAKER_OPEN", subject: "hall/{row}", sinceMs: NOW_MS - 5_000 },
          title: "hall/7 is not called: its circuit breaker is open; 1 more",
          detail: "too many calls failed in a row, the last one with: no route",
        },
      ],
    ],
    [
      "outcomes and deadlines whose turns the store refuses",
      domain("a", {
        refusedTurns: [
          refusedTurn,
          ...[1, 2, 1].map((partition) => ({ ...refusedTurn, partition, type: "deadline(ack)", intentId: null })),
        ],
      }),
      [
        {
          ...{ code: "TURN_REFUSED", partitions: [1, 2], sinceMs: NOW_MS - 9_000, blocks: "nothing" },
          detail: expect.stringMatching(
            /^Written of e1 \(intent i1\): no room; deadline\(ack\) of e1: no room; .*; 1 more; each is tried again/,
          ),
          remedy: expect.stringContaining("rollcall intents end INTENT --domain a"),
        },
      ],
    ],
    [
      "a job that fails",
      domain("a", {}, { jobs: [{ job: "probe", failure: { sinceMs: 70_000, times: 3, error: "no route" } }] }),
      [{ code: "JOB_FAILED", subject: "probe", sinceMs: 70_000, detail: "3 times in a row: no route" }],
    ],
    ["purges that are due", domain("a", { brokerTimeMs: DAY_MS }, { purgesDueAtMs: 1 }), []],
    [
      "purges that have been due for a day",
      domain("a", { brokerTimeMs: DAY_MS }, { purgesDueAtMs: 0 }),
      [{ code: "PURGES_OVERDUE", sinceMs: NOW_MS - DAY_MS, detail: "the first since 1970-01-01T00:00:00.000Z" }],
    ],
    [
      "refused contracts",
      domain("a", {}, { refusedChange: { atMs: 60_000, by: "ann", reason: "RC101", diagnostics: [] } }),
      [{ code: "CONTRACTS_REFUSED", sinceMs: 60_000, detail: expect.stringContaining("by ann: RC101") }],
    ],
  ])("is listed with its remedy: %s", (_, facts, expected) => {
    const troubles = listTroubles({ isStopping: false, unserved: [], notices, domains: [facts], nowMs: NOW_MS });
    expect(troubles).toMatchObject(expected);
    expect(troubles).toHaveLength(expected.length);
    expect(troubles.filter(({ remedy, blocks }) => remedy === "" || blocks !== "nothing")).toEqual([]);
  });

  it("tells of a day of the journal that should have gone", () => {
    const keptDay = { day: "2026-01-31", reason: "partition 3 of parcels has to publish from line 5 on" };
    const facts = { isStopping: false, unserved: [], notices, domains: [domain("a")], keptDay, nowMs: NOW_MS };
    const troubles = listTroubles(facts);
    const detail = "2026-01-31, the first: partition 3 of parcels has to publish from line 5 on";
    expect(troubles).toMatchObject([{ code: "JOURNAL_DAY_KEPT", domain: null, detail, blocks: "nothing" }]);
  });

  it("tells that a certificate expires in a tenth of its life, or a week, or has expired", () => {
    const certificate = (lifeDays: number, leftDays: number) => ({
      ...{ listener: "parcels", file: "/tls/parcels.pem", refused: undefined },
      ...{ validFromMs: NOW_MS - (lifeDays - leftDays) * DAY_MS, expiresAtMs: NOW_MS + leftDays * DAY_MS },
    });
    const told = (lifeDays: number, leftDays: number) => {
      const facts = { isStopping: false, unserved: [], notices, domains: [domain("a")], nowMs: NOW_MS };
      return listTroubles({ ...facts, certificates: [certificate(lifeDays, leftDays)] }).map(({ title }) => title);
    };
    expect([told(90, 8), told(10, 1.5), told(1, 0.2)]).toEqual([[], [], []]);
    for (const [life, left] of [
      [90, 6],
      [10, 0.9],
      [1, 0.09],
    ] as const)
      expect(told(life, left)).toEqual(["the certificate of parcels expires soon"]);
    expect(told(90, -1)).toEqual(["the certificate of parcels has expired"]);
  });

  it("tells that other processes are not heard, unless the store is away", () => {
    const deaf = { isHeard: false, unheardForMs: 25_000, reason: null };
    const list = (domains: readonly DomainFacts[]) =>
      listTroubles({ isStopping: false, unserved: [], notices: deaf, domains, nowMs: NOW_MS });
    const slow = domain("a", { owned: [1], standstillMs: new Map([[1, 20_000]]) });
    expect(list([slow])).toMatchObject([
      { code: "PARTITION_STALLED" },
      {
        ...{ code: "NOTICES_UNHEARD", domain: null, sinceMs: NOW_MS - 25_000, blocks: "nothing" },
        ...{ detail: expect.stringContaining("LISTEN"), remedy: expect.stringContaining("DATABASE_LISTEN_URL") },
      },
    ]);
    expect(list([domain("a", { store: away(100) })]).map(({ code }) => code)).toEqual(["STORE_UNAVAILABLE"]);
  });

  it("tells of a domain that nobody serves, not of one that is served here", () => {
    const unserved = ["a", "b"].map((name) => ({ domain: name, partitions: 3, secondsAgo: 90 }));
    const troubles = listTroubles({ isStopping: false, unserved, notices, domains: [domain("a")], nowMs: NOW_MS });
    expect(troubles).toMatchObject([
      { code: "DOMAIN_UNSERVED", domain: "b", sinceMs: NOW_MS - 90_000, blocks: "nothing" },
    ]);
  });

  it("comes after what blocks", () => {
    const both = domain("a", { openBreakers: new Map([["consul", open]]), bus: away(9) });
    expect(seen([both]).codes).toEqual(["BUS_UNAVAILABLE", "BREAKER_OPEN"]);
    const later = domain("b", { standstillMs: new Map([[2, 60_000]]) });
    const first = domain("a", { openBreakers: new Map([["consul", open]]) });
    expect(seen([first, later]).codes).toEqual(["PARTITION_STALLED", "BREAKER_OPEN"]);
  });

  it("is a backend out of reach, for domains that do not use it", () => {
    const using = domain("a", {}, { backends: [{ name: "catalogue", error: "refused" }] });
    expect(seen([using, domain("b")])).toEqual({
      codes: ["BACKEND_UNAVAILABLE"],
      process: true,
      domains: [false, true],
    });
    expect(seen([using])).toMatchObject({ process: false });
  });

  it("is a backend out of reach that no entity waits for", () => {
    const using = domain("a", {}, { backends: [{ name: "catalogue", error: "refused" }], backendsAwaited: false });
    expect(seen([using, domain("b")])).toEqual({ codes: ["BACKEND_UNAVAILABLE"], ...ready });
  });
});
