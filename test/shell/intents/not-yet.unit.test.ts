import { describe, expect, it } from "vitest";
import { failed, notYet } from "../../../runtime/core/effect.ts";
import type { Entity } from "../../../runtime/core/entity.ts";
import { Fault } from "../../../runtime/core/fault.ts";
import { attemptOfIntent } from "../../../runtime/shell/intents/attempt-of-intent.ts";
import type { TurnPlan } from "../../../runtime/shell/turns/turn-plan.ts";
import { confirmed, intentOf, unavailable, world } from "./runner-world.ts";

const waiting = notYet("the job runs");
const unlimited = { maxRetries: 0, initialDelayMs: 100, exponentialBase: 2, maxDelayMs: 250, jitter: 0 };
const entityIn = (state: string, attemptId = "a", seq = 3): Entity =>
  ({ id: "n", state, seq, attempt: { id: attemptId } }) as Entity;
const changed = (entity: Entity): TurnPlan["entities"] =>
  new Map([[entity.id, { after: { entity } } as never]]) as TurnPlan["entities"];
const committed = { parked: [], settled: [], intents: [] };

describe('an effect that answers "not yet"', () => {
  it("is asked again after waits that double up to the longest, without using a try", async () => {
    const { add, calls, clock, settled } = world([waiting], { retry: unlimited });
    add(intentOf("i1"));
    const times: number[] = [];
    for (let ms = 0; ms <= 5_000; ms += 100) {
      await clock.advance(ms === 0 ? 0 : 100);
      while (times.length < calls.length) times.push(ms);
    }
    expect(times).toEqual([0, 200, 600, 1_400, 2_400, 3_400, 4_400]);
    expect(settled()).toEqual([]);
  });

  it("is asked for all that are due within the first wait in one call", async () => {
    const { add, calls, clock } = world([waiting, waiting, waiting, confirmed]);
    for (const id of ["i1", "i2", "i3"]) {
      await clock.advance(50);
      add(intentOf(id));
      await clock.advance(0);
    }
    await clock.advance(400);
    expect(calls).toEqual([["i1"], ["i2"], ["i3"], ["i1", "i2", "i3"]]);
  });

  it("leaves the breaker as it is, and lets another call probe it", async () => {
    const answers = [unavailable, waiting, unavailable, waiting, waiting, confirmed];
    const { add, calls, clock, runner } = world(answers, {
      breaker: { failureThreshold: 2, resetTimeoutMs: 5_000 },
      retry: { ...unlimited, maxRetries: 9 },
    });
    add(intentOf("i1"));
    await clock.advance(100);
    expect([calls.length, runner.openBreakers.size], "a failure and an answer").toEqual([2, 0]);
    await clock.advance(400);
    expect([calls.length, runner.openBreakers.size], "a second failure in a row").toEqual([3, 1]);
    await clock.advance(5_200);
    expect([calls.length, runner.openBreakers.size], "the probe said nothing").toEqual([4, 1]);
    await clock.advance(10_000);
    expect(runner.openBreakers.size).toBe(0);
  });

  it("has the first answer stored with a line, and the last one told when it ends", async () => {
    const { add, clock, rows, runner, settled } = world([waiting, notYet("x".repeat(400)), confirmed]);
    add(intentOf("i1"));
    await clock.advance(0);
    expect(rows.asked.flatMap(({ intents }) => intents)).toMatchObject([
      { isFirstNotYet: true, notYet: { note: "the job runs" }, failedTries: 0 },
    ]);
    expect([...runner.notYetOf("n").values()]).toMatchObject([{ note: "the job runs", sinceMs: clock.wallMs() }]);
    expect([runner.notYetCount, [...runner.notYetOf("stranger")]]).toEqual([1, []]);
    await clock.advance(10_000);
    expect(rows.asked).toHaveLength(1);
    expect(settled()).toMatchObject([
      { note: `done, after 2 answers "not yet", the last: ${"x".repeat(300)}`, message: { type: "Written" } },
    ]);
  });

  it("is stored as waiting no more when it fails, and anew when it waits anew", async () => {
    const busy = failed(new Fault("UNAVAILABLE", "down", { retryable: true }));
    const { add, clock, rows } = world([waiting, busy, waiting], { retry: { ...unlimited, maxRetries: 5 } });
    add(intentOf("i1"));
    await clock.advance(5_000);
    const stored = rows.asked.flatMap(({ intents }) => intents);
    expect(stored.map(({ notYet: waits, isFirstNotYet }) => [waits?.note, isFirstNotYet])).toEqual([
      ["the job runs", true],
      [undefined, false],
      ["the job runs", true],
    ]);
  });

  it("gives way to a younger intent of its target, at once or when the call under way is over", async () => {
    const { add, calls, clock, settled } = world([waiting]);
    add(intentOf("i1", "t"));
    await clock.advance(0);
    add(intentOf("i2", "t"));
    const [ended] = settled();
    expect(ended).toMatchObject({ intent: { id: "i1" }, supersededBy: "i2" });
    expect(ended?.note).toBe('superseded by a newer intent, after 1 answers "not yet", the last: the job runs');
    expect(ended?.message).toBeUndefined();
    add(intentOf("i3", "u"), intentOf("i4", "u"));
    await clock.advance(0);
    expect(calls).toHaveLength(2);
    expect(settled()).toMatchObject([{ intent: { id: "i3" } }]);
  });

  it("ends with the attempt that asked for it, waiting or under way", async () => {
    const { add, clock, runner, settled } = world([waiting]);
    add(intentOf("i1"));
    await clock.advance(0);
    runner.startCommitted({ ...committed, entities: changed(entityIn("OPEN")) });
    expect(settled()).toEqual([]);
    runner.startCommitted({ ...committed, entities: changed(entityIn("ENDED")) });
    await clock.advance(50);
    expect(settled()).toMatchObject([{ intent: { id: "i1" }, note: expect.stringContaining("its attempt is over") }]);
    await clock.advance(10_000);
    expect(settled()).toEqual([]);
  });

  it("ends when the turn of its first answer finds its attempt over, unless it was asked for at the end", async () => {
    for (const [attempt, calls] of [
      ["over", 1],
      ["outlived", 3],
    ] as const) {
      const { add, clock, rows, runner, settled, ...rest } = world([waiting, waiting, confirmed]);
      rows.attempt = attempt;
      add(intentOf("i1"));
      await clock.advance(0);
      runner.startCommitted({ ...committed, entities: changed(entityIn("ENDED")) });
      await clock.advance(10_000);
      expect(rest.calls).toHaveLength(calls);
      expect(settled()).toMatchObject([{ note: expect.stringContaining(calls === 1 ? "attempt is over" : "done") }]);
    }
  });

  it("is asked on when an operator wants it to, at once", async () => {
    const { add, calls, clock, runner } = world([waiting]);
    add(intentOf("i1"));
    await clock.advance(0);
    expect(runner.retryNow("n")).toBe(1);
    await clock.advance(0);
    expect(calls).toHaveLength(2);
  });

  it("ends when an operator ends it; under way, when the call is over", async () => {
    const { add, clock, runner, settled } = world([waiting, "hang", waiting]);
    const end = (id: string) => runner.end(id, () => false, "ended by ada: enough")?.id;
    add(intentOf("i1"));
    await clock.advance(0);
    expect([end("i1"), end("i1"), end("i9")]).toEqual(["i1", undefined, undefined]);
    await clock.advance(50);
    const [ended] = settled();
    expect(ended?.note).toContain("ended by ada: enough");
    add(intentOf("i2", "t"), intentOf("i3", "t"));
    await clock.advance(0);
    expect([end("i2"), settled()]).toEqual(["i2", []]);
    await clock.advance(1_000);
    expect(settled()).toMatchObject([{ intent: { id: "i2" }, note: "ended by ada: enough" }]);
    expect(end("i3"), "one that waits for its turn").toBe("i3");
  });
});

describe("the attempt of an intent", () => {
  const domain = {
    orchestrator: {
      states: new Map([
        ["OPEN", { terminal: false }],
        ["ENDED", { terminal: true }],
      ]),
    },
  } as never;
  it.each([
    ["runs", entityIn("OPEN")],
    ["over", entityIn("ENDED")],
    ["outlived", entityIn("ENDED", "a", 1)],
    ["outlived", entityIn("OPEN", "another")],
    ["runs", undefined],
  ] as const)("%s", (wanted, entity) => expect(attemptOfIntent(domain, intentOf("i1"), entity)).toBe(wanted));
});
