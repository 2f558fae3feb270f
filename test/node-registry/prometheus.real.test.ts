import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { describePrometheus } from "../ops/describe-prometheus.ts";
import { groupedBy, legendLabels, queriesOf, selectorsOf } from "../ops/observability.ts";
import { Prometheus } from "../ops/prometheus.ts";
import { run } from "../real/services/run.ts";
import { waitUntil } from "../real/services/wait-until.ts";
import { type ServedRegistry, servedRegistry } from "./served-registry.ts";

const { panelQueries, variableQueries } = queriesOf("node-registry");

describePrometheus("what Prometheus sees of a node registry", () => {
  const directory = mkdtempSync(join(tmpdir(), "node-registry-ops-"));
  let registry: ServedRegistry;
  let prometheus: Prometheus;

  beforeAll(async () => {
    registry = await servedRegistry();
    const targets = { rollcall: new URL(registry.hostUrl).host, "node-registry": new URL(registry.url).host };
    prometheus = await Prometheus.start(directory, targets, "none is asked for");
    for (const [node_id, role] of [
      ["ops-alpha", "worker"],
      ["ops-beta", 'a "b" \\'],
    ] as const) {
      await registry.ask("POST", "/api/v1/nodes/register", { node_id, hostname: node_id, role });
      for (let beat = 0; beat < 2; beat++) await registry.ask("POST", "/api/v1/nodes/heartbeat", { node_id });
    }
    // A rate needs two samples of the same series.
    for (const metric of ['rollcall_gateway_requests_total{operation="beatNode"}', "node_registry_role_nodes"])
      await waitUntil(() => expectSeries(`count_over_time(${metric}[1m]) > 2`), { what: metric, timeoutMs: 60_000 });
  });
  afterAll(async () => {
    await prometheus?.stop();
    await registry?.close();
    rmSync(directory, { recursive: true, force: true });
  });

  async function expectSeries(expr: string): Promise<readonly Readonly<Record<string, string>>[]> {
    const series = await prometheus.query(expr);
    expect(series, expr).not.toEqual([]);
    return series.map(({ metric }) => metric);
  }

  it.each(panelQueries)("has every metric and label, and data, for $title: $expr", async ({ expr, legend }) => {
    const selectors = selectorsOf(expr);
    expect(selectors).not.toEqual([]);
    const labels = (await Promise.all(selectors.map(expectSeries))).flat().flatMap(Object.keys);
    expect(labels).toEqual(expect.arrayContaining([...groupedBy(expr)]));
    for (const found of await expectSeries(expr))
      expect(Object.keys(found)).toEqual(expect.arrayContaining([...legendLabels(legend)]));
  });

  it.each(variableQueries)("has the choices of $selector", async ({ selector, label }) => {
    for (const labels of await expectSeries(selector)) expect(labels).toHaveProperty(label);
  });

  it("counts nodes by role, whatever a role is called, and by state, also where there is none", async () => {
    const roles = await expectSeries("node_registry_role_nodes == 1");
    expect(roles.map(({ role, status }) => [role, status]).toSorted()).toEqual([
      ['a "b" \\', "online"],
      ["worker", "online"],
    ]);
    const states = await expectSeries("node_registry_nodes");
    expect(states.map(({ state }) => state).toSorted()).toEqual(["OFFLINE", "ONLINE", "REVOKED", "SILENT"]);
  });

  it("sees how late heartbeats came: the second of each node is the first that could", async () => {
    const [late] = await prometheus.query("sum(rollcall_heartbeat_lateness_seconds_count)");
    expect(late?.value[1]).toBe("2");
  });

  it("follows the naming rules of Prometheus, and has no node in a label", async () => {
    const texts = [`${registry.hostUrl}/metrics`, `${registry.url}/metrics`].map(async (url) => {
      const answer = await fetch(url, { headers: { accept: "text/plain" } });
      const metrics = await answer.text();
      await run("promtool", ["check", "metrics"], { input: metrics });
      return metrics;
    });
    for (const metrics of await Promise.all(texts)) expect(metrics).not.toContain("ops-alpha");
  });
});
