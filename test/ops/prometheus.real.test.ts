import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { composeHost } from "../../app/host/compose.ts";
import { readConfig } from "../../app/host/config.ts";
import { createHttpServer } from "../../app/http/server/http-server.ts";
import { registration } from "../../app/modules/registration/module.ts";
import { httpTransport } from "../../client/http-transport.ts";
import { RollcallNode } from "../../client/rollcall-node.ts";
import { run } from "../real/services/run.ts";
import { waitUntil } from "../real/services/wait-until.ts";
import { toyModule } from "../host/toy-module.ts";
import { ROOT } from "../tidy/sources.ts";
import { alerts, groupedBy, legendLabels, queriesOf, selectorsOf } from "./observability.ts";
import { describePrometheus } from "./describe-prometheus.ts";
import { Prometheus } from "./prometheus.ts";

const READER = "a-token-of-a-reader-0123456789";
const OPERATOR = "a-token-of-an-operator-0123456789";
const NODES = ["ops-alpha", "ops-beta"];
const { panelQueries, annotationQueries, variableQueries } = queriesOf("rollcall");

describePrometheus.each([
  { what: "one domain", others: [] },
  { what: "three domains", others: ["books", "tools"] },
])("what Prometheus sees of a running process with $what", ({ others }) => {
  const directory = mkdtempSync(join(tmpdir(), "rollcall-ops-"));
  const atEnd: (() => unknown)[] = [() => rmSync(directory, { recursive: true, force: true })];
  let prometheus: Prometheus;
  let url: string;
  let sendRubbish: () => Promise<unknown>;

  beforeAll(async () => {
    const config = readConfig({
      ROLLCALL_DATA_DIR: join(directory, "data"),
      ROLLCALL_API_TOKENS: `reader prometheus ${READER}\noperator test ${OPERATOR}`,
    });
    const modules = [registration, ...others.map((name) => toyModule(name, directory))];
    const host = await composeHost(config, { modules, limits: { reconcileEveryMs: 200 } });
    atEnd.push(() => host.stop());
    const system = host.system("registration");
    const http = createHttpServer(host);
    atEnd.push(() => http.close());
    url = await http.listen({ host: "127.0.0.1", port: 0 });
    await host.start();
    const [{ topic }] = system.domain.consumed as [(typeof system.domain.consumed)[number]];
    sendRubbish = () =>
      system.bus.publish([{ topic, partition: 0, key: null, value: Buffer.from("{"), headers: {} }], {
        timeoutMs: 5_000,
      });
    prometheus = await Prometheus.start(directory, { rollcall: new URL(url).host }, READER);
    atEnd.push(() => prometheus.stop());
    const transport = httpTransport({ url, token: OPERATOR });
    atEnd.push(() => transport.close());
    const nodes = NODES.map((nodeId) => new RollcallNode({ transport, nodeId, nodeType: "effect" }));
    atEnd.push(() => Promise.all(nodes.map((node) => node.close())));
    await Promise.all(nodes.map((node) => node.start()));
    await waitUntil(() => expectSeries(`rollcall_entities{state="ACTIVE"} == ${NODES.length}`), {
      what: "the nodes",
      timeoutMs: 60_000,
    });
    await waitUntil(() => expectSeries("rollcall_reconciliation_age_seconds"), {
      what: "a comparison",
      timeoutMs: 60_000,
    });
    // A rate needs two samples of the same series.
    await waitUntil(() => expectSeries(`count_over_time(rollcall_reconciliation_age_seconds[1m]) > 2`), {
      what: "time to pass",
      timeoutMs: 60_000,
    });
  });
  afterAll(async () => {
    for (const end of atEnd.reverse()) await end();
  });

  async function expectSeries(expr: string): Promise<readonly Readonly<Record<string, string>>[]> {
    const series = await prometheus.query(expr);
    expect(series, expr).not.toEqual([]);
    return series.map(({ metric }) => metric);
  }

  const everyQuery = [...alerts, ...panelQueries].map(({ expr }) => expr).concat(annotationQueries);
  it.each(everyQuery)("has every metric and label of %s", async (expr) => {
    await prometheus.query(expr);
    const selectors = selectorsOf(expr);
    expect(selectors).not.toEqual([]);
    const labels = (await Promise.all(selectors.map(expectSeries))).flat().flatMap(Object.keys);
    expect(labels).toEqual(expect.arrayContaining([...groupedBy(expr)]));
  });

  it.each(panelQueries)("has data for $title: $expr", async ({ expr, legend }) => {
    for (const labels of await expectSeries(expr))
      expect(Object.keys(labels)).toEqual(expect.arrayContaining([...legendLabels(legend)]));
  });

  it.each(variableQueries)("has the choices of $selector", async ({ selector, label }) => {
    for (const labels of await expectSeries(selector)) expect(labels).toHaveProperty(label);
  });

  it("evaluates every alert, and none fires for a healthy system", async () => {
    const { groups } = await waitUntil(
      async () => {
        const answer = await prometheus.rules();
        expect(answer.groups.flatMap(({ rules }) => rules).every(({ health }) => health === "ok")).toBe(true);
        return answer;
      },
      { what: "an evaluation", timeoutMs: 30_000 },
    );
    const rules = groups.flatMap((group) => group.rules);
    expect(rules.map(({ name }) => name)).toEqual(alerts.map(({ alert }) => alert));
    expect(rules.filter(({ state }) => state !== "inactive")).toEqual([]);
  });

  it("has a series of each domain", async () => {
    const domains = (await expectSeries("rollcall_build_info")).map(({ domain }) => domain);
    expect(domains.toSorted()).toEqual([...others, "registration"].toSorted());
  });

  it("alerts at the first dead letter", async () => {
    await sendRubbish();
    await waitUntil(() => expectSeries('ALERTS{alertname="RollcallDeadLetters", code="MALFORMED_JSON"}'), {
      what: "the alarm",
      timeoutMs: 60_000,
    });
  });

  it("follows the naming rules of Prometheus, and has no node in a label", async () => {
    const response = await fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${READER}` } });
    const metrics = await response.text();
    await run("promtool", ["check", "metrics"], { input: metrics });
    for (const node of NODES) expect(metrics).not.toContain(node);
  });
});

describePrometheus("promtool", () => {
  const directory = join(ROOT, "ops/prometheus");

  it("accepts the alerts and the sample configuration", async () => {
    await run("promtool", ["check", "rules", "--lint-fatal", "alerts.yaml"], { cwd: directory });
    await run("promtool", ["check", "config", "--syntax-only", "prometheus.yaml"], { cwd: directory });
    await run("promtool", ["check", "config", "--syntax-only", "node-registry.yaml"], { cwd: directory });
  });

  it("the alert tests pass", () => run("promtool", ["test", "rules", "alerts.test.yaml"], { cwd: directory }));
});
