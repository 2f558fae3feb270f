import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Overview } from "../../app/http/overview/overview.ts";
import { HttpBench } from "./registration/http-bench.ts";

let bench: HttpBench;
beforeAll(async () => {
  bench = await HttpBench.open();
});
afterAll(() => bench.close());

const overview = async (query = "", url?: string): Promise<Overview> =>
  (await bench.ask<Overview>(`/api/v1/overview${query}`, {}, url)).body;

describe("the overview", () => {
  it("lists every state that a node can rest in, with its kind, in the order of the contract", async () => {
    const { states } = await overview();
    expect(states.map(({ name, kind }) => `${name} ${kind}`)).toEqual([
      "PENDING_REGISTRATION waiting",
      "ACCEPTED waiting",
      "AWAITING_ACK waiting",
      "ACTIVE live",
      "REJECTED ended",
      "ACK_TIMED_OUT ended",
      "LIVENESS_EXPIRED ended",
      "DEREGISTERED ended",
    ]);
  });

  it("counts nodes over all processes, and the rates of this process", async () => {
    await bench.activeNode("seen-1");
    await bench.activeNode("seen-2");
    await expect
      .poll(async () => (await overview()).states.find(({ name }) => name === "ACTIVE")?.entities, { timeout: 15_000 })
      .toBe(2);
    const here = await overview();
    expect(here.durations["activation"]?.count).toBe(2);
    expect(here.durations["activation"]?.p50_ms).toBeGreaterThan(0);
    expect(here.rates.events["NodeBecameActive"]).toBeGreaterThan(0);
    const elsewhere = await overview("", await bench.deafServer());
    expect(elsewhere.states).toEqual(here.states);
    expect(elsewhere.durations["activation"]).toEqual({ count: 0, p50_ms: null, p99_ms: null, max_ms: null });
  });

  it("exports the same latencies to Prometheus, by domain only", async () => {
    const { body } = await bench.ask<string>("/metrics");
    expect(body).toContain('rollcall_activation_seconds_count{domain="registration"} 2');
    expect(body).not.toMatch(/rollcall_activation_seconds_\w+\{(?!(le="[^"]+",)?domain="registration"\})/);
  });

  it("has the lag of each partition that is served here", async () => {
    expect((await overview()).lag).toEqual([0, 1, 2, 3].map((partition) => ({ partition, messages: 0 })));
  });

  it("has a history since the start of the process, and omits it on request", async () => {
    const { history, began_at, states } = await overview();
    expect(history?.at.length).toBeGreaterThan(0);
    expect(history?.entities[0]).toHaveLength(states.length);
    expect(Date.parse(history?.at[0] as string)).toBeGreaterThanOrEqual(Date.parse(began_at));
    expect((await overview("?history=false")).history).toBeNull();
  });

  it("has no troubles while all is well, and one for each hold", async () => {
    expect(await overview()).toMatchObject({ troubles: [], refused_contracts: null });
    const { store, domain } = bench.system;
    await store.query(
      `insert into rollcall.expiry_hold (domain, state, held_at, entities, total) values ($1, 'ACTIVE', ` +
        "now(), 7, 9)",
      [domain.name],
    );
    await expect
      .poll(async () => (await overview()).troubles)
      .toMatchObject([{ code: "EXPIRY_HELD", domain: "registration", subject: "ACTIVE" }]);
  });
});
