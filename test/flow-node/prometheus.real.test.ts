import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { flowNodes } from "../../app/modules/flow-node/module.ts";
import { serveModule, type ServedModule } from "../gateway/served-module.ts";
import { describePrometheus } from "../ops/describe-prometheus.ts";
import { groupedBy, legendLabels, queriesOf, selectorsOf } from "../ops/observability.ts";
import { Prometheus } from "../ops/prometheus.ts";
import { run } from "../real/services/run.ts";
import { waitUntil } from "../real/services/wait-until.ts";

const { panelQueries, variableQueries } = queriesOf("flow-nodes");

describePrometheus("what Prometheus sees of a registry of flow nodes", () => {
  const directory = mkdtempSync(join(tmpdir(), "flow-nodes-ops-"));
  let registry: ServedModule;
  let prometheus: Prometheus;

  beforeAll(async () => {
    registry = await serveModule(flowNodes, { listener: "flow_registry" });
    const targets = { rollcall: new URL(registry.hostUrl).host, "flow-nodes": new URL(registry.url).host };
    prometheus = await Prometheus.start(directory, targets, "none is asked for");
    const send = (method: string, path: string, body: object) =>
      fetch(registry.url + path, {
        ...{ method, headers: { "content-type": "application/json" }, body: JSON.stringify(body) },
      });
    await send("PUT", "/state", { node: "nobody" });
    await send("POST", "/register", { node: "ops-alpha" });
    await send("POST", "/connect", { node: "ops-alpha", flows: [] });
    await send("POST", "/connect", { node: "ops-beta", flows: [] });
    for (let beat = 0; beat < 3; beat++) await send("PUT", "/state", { node: "ops-alpha" });
    // A rate needs two samples of the same series.
    for (const metric of ['rollcall_gateway_requests_total{operation="beatFlowNode"}', "flow_registry_asked_total"])
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

  it("follows the naming rules of Prometheus, and has no node in a label", async () => {
    for (const url of [registry.hostUrl, registry.url]) {
      const metrics = await (await fetch(`${url}/metrics`, { headers: { accept: "text/plain" } })).text();
      await run("promtool", ["check", "metrics"], { input: metrics });
      expect(metrics).not.toContain("ops-alpha");
    }
  });
});
