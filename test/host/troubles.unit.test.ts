import { beforeEach, describe, expect, it } from "vitest";
import type { DomainFacts } from "../../app/host/troubles/facts.ts";
import { Troubles } from "../../app/host/troubles/troubles.ts";
import { ManualClock } from "../manual-clock.ts";

const SERVING = {
  ...{ bus: { ok: true }, store: { ok: true }, owned: [0], partitions: 2, refused: [], paused: [] },
  ...{ commits: { lastMs: 500, failing: undefined }, standstillMs: new Map(), openBreakers: new Map() },
  ...{ holds: [], drift: [], unreadable: { count: 0 }, refusedTurns: [], brokerTimeMs: 0, isAssignmentSettled: true },
};
type Status = DomainFacts["status"] & { readonly isAssignmentSettled: boolean };

/** What a test changes of a domain, and what it is asked. */
interface FakeDomain {
  status: Status;
  failure: DomainFacts["failure"];
  check: () => Promise<void>;
  query: (text: string) => Promise<unknown[]>;
  readonly asked: string[];
}

describe("the troubles of a process", () => {
  let clock: ManualClock;
  let domains: Record<"books" | "tools", FakeDomain>;
  let troubles: Troubles;
  beforeEach(() => {
    clock = new ManualClock();
    const make = (): FakeDomain => ({
      ...{ status: SERVING as never, failure: null, asked: [] },
      check: () => Promise.resolve(),
      query: () => Promise.resolve([]),
    });
    domains = { books: make(), tools: make() };
    const systems = Object.entries(domains).map(([name, domain]) => ({
      ...{ name, backends: { opened: [{ name: "catalogue", check: () => answer(domain, "check", domain.check()) }] } },
      runtime: Object.defineProperty({ status: () => domain.status, refusedChange: null }, "failure", {
        get: () => domain.failure,
      }),
      store: { query: (text: string) => answer(domain, text, domain.query(text)) },
    }));
    const failure = { sinceMs: 7, times: 3, error: "no route" };
    const jobs = () => [{ domain: "tools", job: "probe", failure }];
    troubles = new Troubles({ systems: systems as never, clock, jobs: jobs as never });
  });
  function answer<Result>({ asked }: FakeDomain, what: string, result: Result): Result {
    asked.push(what);
    return result;
  }
  const listed = async () => {
    const found = troubles.list();
    await clock.advance(3_000);
    return (await found).map(({ code, domain, blocks }) => `${domain} ${code} ${blocks}`);
  };
  const JOB = "tools JOB_FAILED nothing";
  const asks = (what: string): number =>
    Object.values(domains).flatMap(({ asked }) => asked.filter((each) => each.includes(what))).length;

  it("have the jobs that fail with the domain whose they are", async () => {
    expect(await listed()).toEqual([JOB]);
  });

  it("ask a backend once, however many domains use it, and again only after a while", async () => {
    await Promise.all([troubles.list(), troubles.list()]);
    await troubles.list();
    expect(asks("check")).toBe(1);
    await clock.advance(3_000);
    await troubles.list();
    expect(asks("check")).toBe(2);
  });

  it("do not wait for a backend that does not answer", async () => {
    domains.books.check = () => new Promise<never>(() => {});
    expect(await listed()).toEqual(["books BACKEND_UNAVAILABLE domain", "tools BACKEND_UNAVAILABLE domain", JOB]);
  });

  it("ask who serves the partitions only of a domain that has none, while the store answers", async () => {
    const OWNERS = "from rollcall.partition_owner, lateral";
    await listed();
    expect(asks(OWNERS)).toBe(0);
    domains.books.status = { ...domains.books.status, owned: [], store: { ok: false, reason: "away", forMs: 100 } };
    await listed();
    expect(asks(OWNERS)).toBe(0);
    domains.books.status = { ...domains.books.status, store: { ok: true } };
    domains.books.query = () => Promise.resolve([{ partition: 1, isServed: false, seconds: 9 }]);
    expect(await listed()).toEqual(["books STARTING domain", JOB]);
    expect(domains.tools.asked.filter((each) => each.includes(OWNERS))).toEqual([]);
  });

  it("are listed while the store can't be asked", async () => {
    for (const domain of Object.values(domains)) {
      domain.status = { ...domain.status, owned: [] };
      domain.query = () => Promise.reject(new Error("away"));
    }
    expect(await listed()).toEqual([JOB]);
  });

  it("of a domain that is started anew do not block the process", async () => {
    const { books } = domains;
    books.status = { ...books.status, owned: [], isAssignmentSettled: false };
    expect(await listed()).toEqual(["books STARTING process", JOB]);
    books.failure = { atMs: 5, error: new Error("its group is fenced") };
    expect(await listed()).toEqual(["books DOMAIN_FAILED domain", JOB]);
    books.failure = null;
    expect(await listed()).toEqual(["books STARTING domain", JOB]);
  });

  it("of a domain that was served once are not those of a start, also while a reload changes its runtime", async () => {
    await listed();
    domains.books.status = { ...domains.books.status, owned: [], isAssignmentSettled: false };
    expect(await listed()).toEqual([JOB]);
  });
});
