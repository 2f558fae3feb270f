import { describe, expect, it } from "vitest";
import { done, type Effect } from "../../../runtime/core/effect.ts";
import { intent as defineIntent, type Intent } from "../../../runtime/core/intent.ts";
import { toRfc3339 } from "../../../runtime/core/time.ts";
import { traceparentOf } from "../../../runtime/core/trace.ts";
import { confirmed, intentOf, invalid, unavailable, world } from "./runner-world.ts";

describe("the intent runner", () => {
  it("makes the effect's event an outcome of the attempt", async () => {
    const { add, clock, settled } = world([confirmed]);
    add(intentOf("i1"));
    await clock.advance(0);
    expect(settled()).toMatchObject([
      { note: "done", message: { kind: "outcome", type: "Written", attemptId: "a", intentId: "i1" } },
    ]);
  });

  it("stores ends without an outcome together, unless a younger intent of the target waits for it", async () => {
    const { add, clock, settled } = world([done()]);
    add(intentOf("i1"));
    await clock.advance(30);
    add(intentOf("i2"));
    await clock.advance(0);
    expect(settled()).toEqual([]);
    await clock.advance(20);
    expect(settled()).toMatchObject([{ intent: { id: "i1" } }, { intent: { id: "i2" } }]);
    add(intentOf("i3"));
    await clock.advance(0);
    add(intentOf("i4", "i3"));
    expect(settled()).toMatchObject([{ intent: { id: "i3" } }]);
    add(intentOf("i5"), intentOf("i6", "i5"));
    await clock.advance(0);
    expect(settled()).toMatchObject([{ intent: { id: "i5" } }]);
  });

  it("tries again after growing delays, then gives up with a failure", async () => {
    const { add, clock, calls, settled } = world([unavailable]);
    add(intentOf("i1"));
    for (const [ms, count] of [
      [0, 1],
      [99, 1],
      [1, 2],
      [200, 3],
      [249, 3],
      [1, 4],
    ] as const) {
      await clock.advance(ms);
      expect(calls).toHaveLength(count);
    }
    expect(settled()).toMatchObject([
      {
        message: { type: "failed(box.write)", payload: { backend: "box", error_code: "UNAVAILABLE", message: "down" } },
      },
    ]);
  });

  it("records the calls of an intent only when the first one failed", async () => {
    const { add, clock, runner, settled } = world([unavailable, "hang", confirmed]);
    add(intentOf("i1"));
    await clock.advance(1_100);
    const failed = [
      { at: toRfc3339(clock.wallMs() - 1_100), ms: 0, code: "UNAVAILABLE", error: "down" },
      {
        at: toRfc3339(clock.wallMs() - 1_000),
        ms: 1_000,
        code: "UNAVAILABLE",
        error: expect.stringContaining("1000 ms"),
      },
    ];
    expect([...runner.triesOf("n")]).toEqual([["i1", failed]]);
    expect([...runner.triesOf("stranger")]).toEqual([]);
    await clock.advance(200);
    add(intentOf("i2"));
    await clock.advance(0);
    const [first, second] = settled();
    expect(first?.tries).toEqual([...failed, { at: toRfc3339(clock.wallMs()), ms: 0 }]);
    expect(second?.tries).toBeUndefined();
  });

  it("keeps the first of many tries and the latest nine", async () => {
    const retry = { maxRetries: 20, initialDelayMs: 100, exponentialBase: 1, maxDelayMs: 100, jitter: 0 };
    const { add, clock, settled } = world([unavailable], { retry });
    add(intentOf("i1"));
    await clock.advance(2_000);
    const [{ tries = [] } = {}] = settled();
    const agoMs = tries.map(({ at }) => clock.wallMs() - Date.parse(at));
    expect(agoMs).toEqual([2_000, 800, 700, 600, 500, 400, 300, 200, 100, 0]);
  });

  it("tries again only when the failed try is stored, also when it is asked to at once", async () => {
    const { add, clock, calls, rows, runner } = world([unavailable, unavailable, confirmed]);
    rows.areHeld = true;
    add(intentOf("i1"));
    await clock.advance(10_000);
    expect([calls.length, runner.retryNow("n")]).toEqual([1, 0]);
    rows.write();
    await clock.advance(0);
    expect(calls).toHaveLength(2);
    expect(runner.retryNow("n")).toBe(1);
    await clock.advance(10_000);
    expect(calls).toHaveLength(2);
    rows.write();
    await clock.advance(0);
    expect(calls).toHaveLength(3);
    expect(rows.asked.map(({ intents }) => intents.map(({ failedTries }) => failedTries))).toEqual([[1], [2]]);
  });

  it("asks for one row write for all that failed together, however many calls", async () => {
    const { add, clock, rows } = world([unavailable], { batchMax: 2 });
    add(intentOf("i1"), intentOf("i2"), intentOf("i3"));
    await clock.advance(0);
    const [first] = rows.asked;
    expect(first?.intents.map(({ intent }) => intent.id).slice(0, 2)).toEqual(["i1", "i2"]);
    expect(rows.asked.length).toBeLessThanOrEqual(2);
  });

  it("does not try a permanent refusal again", async () => {
    const { add, clock, calls, settled } = world([invalid]);
    add(intentOf("i1"));
    await clock.advance(10_000);
    expect(calls).toHaveLength(1);
    expect(settled()).toMatchObject([{ message: { type: "failed(box.write)" } }]);
  });

  it("retries only the faults that retry_on names", async () => {
    const retry = {
      maxRetries: 3,
      initialDelayMs: 100,
      exponentialBase: 2,
      maxDelayMs: 250,
      jitter: 0,
      retryOn: new Set(["REFUSED"]),
    };
    const { add, clock, calls } = world([invalid, unavailable], { retry });
    add(intentOf("i1"));
    await clock.advance(10_000);
    expect(calls).toHaveLength(2);
  });

  it("begins the next intent of a target only when the last one's turn is committed", async () => {
    const { add, clock, calls, runner, settled } = world([confirmed]);
    add(intentOf("i1", "t"), intentOf("i2", "t"), intentOf("i3", "other"));
    await clock.advance(0);
    expect(calls.flat()).toEqual(["i1", "i3"]);
    for (const { intent } of settled()) runner.releaseTarget(intent);
    await clock.advance(0);
    expect(calls.flat()).toEqual(["i1", "i3", "i2"]);
    expect(runner.size).toBe(1);
  });

  it("never gives up an intent with unlimited retries, unless a newer one of its target waits", async () => {
    const retry = {
      maxRetries: "unlimited" as const,
      initialDelayMs: 100,
      exponentialBase: 2,
      maxDelayMs: 250,
      jitter: 0,
    };
    const { add, clock, calls, settled } = world([unavailable], { retry });
    add(intentOf("i1", "t"));
    await clock.advance(60_000);
    expect(calls.length).toBeGreaterThan(100);
    expect(settled()).toEqual([]);
    add(intentOf("i2", "t"));
    await clock.advance(250);
    expect(settled()).toMatchObject([{ intent: { id: "i1" }, note: expect.stringContaining("superseded") }]);
  });

  it("ends a call at its timeout and tries again", async () => {
    const { add, clock, calls, settled } = world(["hang", confirmed]);
    add(intentOf("i1"));
    await clock.advance(1_000);
    expect(calls).toHaveLength(1);
    await clock.advance(100);
    expect(settled()).toMatchObject([{ note: "done after 1 failed tries" }]);
  });

  it("retries waiting intents at once when asked to, then waits as before", async () => {
    const { add, clock, calls, runner } = world([unavailable]);
    add(intentOf("i1"), { ...intentOf("i2"), entityId: "other" });
    await clock.advance(0);
    expect([runner.retryNow("n"), runner.retryNow("n"), runner.retryNow("stranger")]).toEqual([1, 0, 0]);
    await clock.advance(0);
    expect(calls).toEqual([["i1", "i2"], ["i1"]]);
    await clock.advance(100);
    expect(calls, "the wait that was cut short is over for good").toEqual([["i1", "i2"], ["i1"], ["i2"]]);
    await clock.advance(100);
    expect(calls.at(-1)).toEqual(["i1"]);
  });

  it("passes the trace of a batch on, and none when it has several", async () => {
    const traces: (string | undefined)[] = [];
    const run: Effect["run"] = (intents, { signal }) => {
      traces.push(traceparentOf(signal));
      return Promise.resolve(intents.map(() => confirmed));
    };
    const effect = { intent: defineIntent("box.write", {}), faults: [], run };
    const { add, clock } = world([], { batchMax: 2, concurrency: 1, effect });
    const [first, second] = ["1", "2"].map((digit) => `00-${digit.repeat(32)}-${digit.repeat(16)}-01`) as [
      string,
      string,
    ];
    const sibling = first.replace(/1{16}-01$/, "3333333333333333-01");
    const of = (id: string, traceparent?: string): Intent => ({ ...intentOf(id), traceparent });
    add(of("a", first), of("b", sibling), of("c", first), of("d", second), of("e", first), of("f"), of("g"), of("h"));
    await clock.advance(0);
    expect(traces).toEqual([first, undefined, undefined, undefined]);
  });

  it("calls a batch at once, up to its maximum", async () => {
    const { add, clock, calls } = world([confirmed], { batchMax: 2, concurrency: 1 });
    add(intentOf("i1"), intentOf("i2"), intentOf("i3"));
    await clock.advance(0);
    expect(calls).toEqual([["i1", "i2"], ["i3"]]);
  });

  it("forgets intents of a lost partition", async () => {
    const { add, clock, partition, runner, settled } = world(["hang"]);
    add(intentOf("i1", "t"), intentOf("i2", "t"));
    partition.isLost = true;
    runner.dropLost();
    await clock.advance(5_000);
    expect(runner.size).toBe(0);
    expect(settled()).toEqual([]);
  });

  it("goes on with the other values of a backend while one never answers", async () => {
    const calls: string[] = [];
    const run: Effect["run"] = (intents) => {
      const hosts = new Set(intents.map(({ payload }) => (payload as { host: string }).host));
      calls.push([...hosts].join());
      return hosts.has("dead") ? new Promise(() => {}) : Promise.resolve(intents.map(() => confirmed));
    };
    const { add, clock, settled } = world([], {
      backendKey: ({ host }) => `box/${String(host)}`,
      batchMax: 1,
      concurrency: 2,
      breaker: { failureThreshold: 2, resetTimeoutMs: 60_000 },
      effect: { intent: defineIntent("box.write", {}), faults: [], run },
    });
    const of = (id: string, host: string): Intent => ({ ...intentOf(id), payload: { host } });
    add(of("a", "dead"), of("b", "dead"), of("c", "dead"), of("d", "one"), of("e", "two"), of("f", "one"));
    await clock.advance(0);
    expect(calls.toSorted()).toEqual(["dead", "dead", "one", "one", "two"]);
    expect(settled().map(({ intent }) => intent.id)).toEqual(expect.arrayContaining(["d", "e", "f"]));
    // Its breaker opens, and nobody else's.
    await clock.advance(10_000);
    const before = calls.length;
    add(of("g", "dead"), of("h", "two"));
    await clock.advance(0);
    expect(calls.slice(before)).toEqual(["two"]);
  });

  it("calls intents of different values of a backend apart", async () => {
    const { add, clock, calls } = world([confirmed], { backendKey: ({ host }) => String(host) });
    const of = (id: string, host: string): Intent => ({ ...intentOf(id), payload: { host } });
    add(of("a", "one"), of("b", "two"), of("c", "one"));
    await clock.advance(0);
    expect(calls).toEqual([["a", "c"], ["b"]]);
  });
});
