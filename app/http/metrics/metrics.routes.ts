import { collectDefaultMetrics, Counter, Registry } from "prom-client";
import { z } from "zod";
import type { Host } from "../../host/compose.ts";
import { TROUBLE_CODES } from "../../host/troubles/trouble.ts";
import type { DomainApi } from "../server/domain-api.ts";
import type { MeasuredGateways } from "../gateway/gateway-context.ts";
import type { Http } from "../server/route-types.ts";
import { GatewayMetrics } from "./gateway-metrics.ts";
import { MetricsRegistry, REQUEST_SECONDS } from "./instruments.ts";
import { createMetricsObserver } from "./runtime-metrics.ts";
import { registerSystemGauges } from "./system-gauges.ts";

/** Gauges of prom-client that are named like counters. The same figures by kind, without `_total`, stay. */
const MISNAMED_GAUGES = [
  "nodejs_active_handles_total",
  "nodejs_active_requests_total",
  "nodejs_active_resources_total",
];

/** One registry for all domains of the host. */
export function addMetricsRoutes(
  http: Http,
  domains: readonly DomainApi[],
  troubles: Host["troubles"],
  gateways: MeasuredGateways | undefined,
): void {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const name of MISNAMED_GAUGES) registry.removeSingleMetric(name);
  const metrics = new MetricsRegistry(registry);
  for (const { system, counts } of domains) {
    const instruments = metrics.ofDomain(system.name);
    registerSystemGauges(instruments, system, counts);
    const stop = system.watch(createMetricsObserver(instruments, system));
    http.addHook("onClose", async () => stop());
  }
  const names = domains.map(({ system }) => system.name);
  registerTroubles(metrics, names, troubles);
  const ofGateways = new GatewayMetrics(metrics);
  gateways?.watch((answered) => ofGateways.answered(answered));

  const requests = new Counter({
    name: "rollcall_http_requests_total",
    help: "Requests answered, by route.",
    labelNames: ["method", "route", "status"],
    registers: [registry],
  });
  const help = "From a request to the end of its answer, by route.";
  const durations = metrics
    .ofProcess()
    .histogram("http_request_duration_seconds", help, REQUEST_SECONDS, ["method", "route"]);
  http.addHook("onResponse", async ({ method, routeOptions: { url: route = "none" } }, reply) => {
    const labels = { method, route: route.replace(/^(\/api\/v1\/domains\/)[^/]+/, "$1:domain") };
    requests.inc({ ...labels, status: String(reply.statusCode) });
    durations.observe(reply.elapsedTime / 1_000, labels);
  });

  http.get(
    "/metrics",
    {
      config: { access: ["reader"] },
      schema: {
        summary: "Metrics in Prometheus's text format",
        response: { 200: { content: { "text/plain": { schema: z.string() } } } },
      },
    },
    async (_request, reply) => {
      // A reload may have added some.
      ofGateways.begin(gateways?.calls ?? []);
      return reply
        .type(registry.contentType)
        .serializer((text) => String(text))
        .send(await registry.metrics());
    },
  );
}

/** Each code begins at 0, so that alerts see it begin. */
export function registerTroubles(
  metrics: MetricsRegistry,
  domains: readonly string[],
  troubles: Pick<Host["troubles"], "list">,
): void {
  const help = "1 while there is such a trouble; without a domain: of the process.";
  metrics.ofProcess().gauge("trouble", help, ["domain", "code"], async (set) => {
    for (const code of TROUBLE_CODES.process) set(0, { domain: "", code });
    for (const domain of domains) for (const code of TROUBLE_CODES.domain) set(0, { domain, code });
    for (const { domain, code } of await troubles.list()) set(1, { domain: domain ?? "", code });
  });
}
