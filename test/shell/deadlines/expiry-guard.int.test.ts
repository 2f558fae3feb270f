import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { PgliteStore } from "../../../runtime/adapters/pglite/pglite-store.ts";
import type { Domain } from "../../../runtime/core/domain.ts";
import { BrokerClock } from "../../../runtime/shell/deadlines/broker-clock.ts";
import { DeadlineIndex } from "../../../runtime/shell/deadlines/deadline-index.ts";
import { ExpiryGuard } from "../../../runtime/shell/deadlines/expiry-guard.ts";
import { releaseHold } from "../../../runtime/shell/operators/holds.ts";
import type { ShellContext } from "../../../runtime/shell/shell-context.ts";
import { Partition } from "../../../runtime/shell/partitions/partition.ts";
import type { ShellEvent } from "../../../runtime/shell/shell-event.ts";
import { openInitializedStore } from "../../initialized-store.ts";
import { ManualClock } from "../../manual-clock.ts";
import { emptyTables } from "../orders.ts";

const PERIOD_MS = 30_000;
const deadline = {
  name: "alive",
  afterMs: PERIOD_MS,
  renewedForMs: PERIOD_MS,
  renewedBy: new Set<string>(),
  expiryGuard: { maxRatio: 0.3, minCount: 5 },
};
const domain = {
  name: "toy",
  orchestrator: {
    states: new Map([["UP", { name: "UP", terminal: false, rests: false, transient: false, deadline }]]),
  },
} as unknown as Domain;

describe("the expiry guard", () => {
  let store: PgliteStore;
  let clock: ManualClock;
  let brokerClock: BrokerClock;
  let stop: AbortController;
  beforeAll(async () => {
    store = await openInitializedStore();
  });
  beforeEach(async () => {
    await emptyTables(store);
    clock = new ManualClock();
    brokerClock = new BrokerClock(clock);
    stop = new AbortController();
    return () => stop.abort();
  });
  afterAll(() => store.close());

  /** A process with entities that are due now, and others that are not. */
  async function startProcess(dueCount: number, wellCount: number) {
    const told: ShellEvent[] = [];
    const observe = (event: ShellEvent): number => told.push(event);
    const stopping = stop.signal;
    const parts = { domain, store, clock, brokerClock, observe, stopping } as unknown as ShellContext;
    const index = new DeadlineIndex();
    const guard = new ExpiryGuard(parts, index);
    const partition = new Partition({
      number: 0,
      epoch: 1,
      nextSeq: 1,
      publishedSeq: 0,
      positions: new Map(),
      entitiesMax: 1,
    });
    const arm = (entityId: string, at: number, before = {}): void =>
      index.set({ partition, entityId, attemptId: "a", correlationId: "c" }, before, {
        alive: { at, renewedAt: null },
      });
    const now = brokerClock.nowMs();
    for (let i = 0; i < dueCount; i++) arm(`due-${i}`, now);
    for (let i = 0; i < wellCount; i++) arm(`well-${i}`, now + 10 * PERIOD_MS);
    guard.start();
    await pass(0);
    /** As the deadline scheduler does with due deadlines. */
    const fire = (): number => {
      let fired = 0;
      for (const due of index.popDue(brokerClock.nowMs()).sort((a, b) => a.at - b.at)) {
        if (!guard.mayFire(due)) index.postpone(due, brokerClock.nowMs());
        else {
          fired++;
          index.set(due, { [due.name]: { at: due.at, renewedAt: null } }, {});
        }
      }
      return fired;
    };
    return { guard, told, fire, arm, held: () => guard.holds.map(({ state, waiting }) => ({ state, waiting })) };
  }

  /** Lets time pass in steps; after each the store has answered. */
  async function pass(ms: number, each: () => void = () => {}): Promise<void> {
    for (let left = ms; left >= 0; left -= 250) {
      await clock.advance(Math.min(250, left));
      for (let i = 0; i < 5; i++) await store.query("select 1");
      each();
    }
  }

  const word = { domain: "toy", who: "ann", reason: "the hall burned down" };
  const release = () => releaseHold(store, "expiry", "UP", { ...word, atMs: brokerClock.nowMs() });

  it("lets few of many expire at once", async () => {
    const { fire, held } = await startProcess(29, 71);
    expect(fire()).toBe(29);
    expect(held()).toEqual([]);
  });

  it("lets nothing expire before the holds were read from the store", async () => {
    await store.query("alter table rollcall.expiry_hold rename to elsewhere");
    const { fire } = await startProcess(1, 99);
    await pass(2_000);
    expect(fire()).toBe(0);
    await store.query("alter table rollcall.elsewhere rename to expiry_hold");
    await pass(1_000);
    expect(fire()).toBe(1);
  });

  it("holds a mass expiry, reports it, and stores the hold", async () => {
    const { fire, held, told } = await startProcess(30, 70);
    expect(fire()).toBe(0);
    await pass(1_000);
    expect(held()).toEqual([{ state: "UP", waiting: 30 }]);
    expect(told).toEqual([{ kind: "expiry_held", state: "UP", entities: 30, total: 100 }]);
    expect(await store.query("select domain, state, entities, total, released_at from rollcall.expiry_hold")).toEqual([
      { domain: "toy", state: "UP", entities: 30, total: 100, released_at: null },
    ]);
  });

  it("binds every process, and one that starts later", async () => {
    const [one, other] = [await startProcess(30, 70), await startProcess(1, 99)];
    one.fire();
    await pass(1_000);
    expect(other.fire()).toBe(0);
    const late = await startProcess(1, 99);
    expect(late.fire()).toBe(0);
    expect(late.told).toMatchObject([{ kind: "expiry_held" }]);
  });

  it("after one more silent period lets one entity a second expire over all processes, then ends", async () => {
    const [one, other] = [await startProcess(8, 2), await startProcess(6, 4)];
    let fired = 0;
    const fireBoth = (): void => void (fired += one.fire() + other.fire());
    await pass(PERIOD_MS, fireBoth);
    expect(fired).toBe(0);
    const fromMs = clock.monotonicMs();
    while (fired < 14 && clock.monotonicMs() - fromMs < 30_000) {
      await pass(0, fireBoth);
      await clock.advance(250);
      expect(fired).toBeLessThanOrEqual(1 + (clock.monotonicMs() - fromMs + 1_250) / 1_000);
    }
    expect(fired).toBe(14);
    expect(one.held()).toEqual([{ state: "UP", waiting: 0 }]);
    await pass(7_000, fireBoth);
    expect([...one.held(), ...other.held()]).toEqual([]);
    expect(one.told.at(-1)).toEqual({ kind: "expiry_released", state: "UP", by: null, reason: null });
  });

  it("does not count released entities as a new mass expiry", async () => {
    const { fire, arm, held } = await startProcess(6, 4);
    await pass(PERIOD_MS + 20_000, fire);
    expect(held()).toEqual([]);
    arm("seventh", brokerClock.nowMs());
    expect(fire()).toBe(1);
  });

  it("ends when the silent entities are back", async () => {
    const { fire, arm, held, told } = await startProcess(6, 4);
    fire();
    await pass(1_000, fire);
    for (let i = 0; i < 6; i++) arm(`due-${i}`, brokerClock.nowMs() + 10 * PERIOD_MS);
    let fired = 0;
    await pass(PERIOD_MS + 7_000, () => (fired += fire()));
    expect(fired).toBe(0);
    expect(held()).toEqual([]);
    expect(told.at(-1)).toMatchObject({ kind: "expiry_released", by: null });
  });

  it("lets all silent entities expire when an operator decides so, and stores the decision", async () => {
    const { fire, arm, told, held } = await startProcess(30, 10);
    fire();
    for (let i = 0; i < 20; i++) arm(`silent-${i}`, brokerClock.nowMs() + PERIOD_MS - 1);
    await pass(1_000, fire);
    expect(await release()).toBe(true);
    await pass(1_000);
    expect(fire()).toBe(30);
    expect(held()).toEqual([]);
    expect(told.at(-1)).toEqual({ kind: "expiry_released", state: "UP", by: "ann", reason: "the hall burned down" });
    expect(await store.query("select domain, command, subject, who, reason from rollcall.operator_decision")).toEqual([
      { command: "hold release: expiry", subject: "UP", ...word },
    ]);
    let fired = 0;
    await pass(PERIOD_MS, () => (fired += fire()));
    expect(fired).toBe(20);
    expect(await release()).toBe(false);
  });

  it("holds again when others become silent after an operator's decision", async () => {
    const { fire, arm, held } = await startProcess(6, 10);
    fire();
    await pass(1_000, fire);
    await release();
    await pass(1_000);
    expect(fire()).toBe(6);
    for (let i = 0; i < 6; i++) arm(`well-${i}`, brokerClock.nowMs() + PERIOD_MS);
    let fired = 0;
    await pass(PERIOD_MS + 2_000, () => (fired += fire()));
    expect([fired, held()]).toEqual([0, [{ state: "UP", waiting: 6 }]]);
  });
});
