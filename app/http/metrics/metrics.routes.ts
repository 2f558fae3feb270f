import { collectDefaultMetrics, Counter, Registry } from "prom-client";
import { z } from "zod";
import type { System } from "../../host/compose.ts";
import type { Http } from "../server/route-types.ts";
import type { EntityCounts } from "../entities/entity-counts.ts";
import { createInstruments } from "./instruments.ts";
import { createMetricsObserver } from "./runtime-metrics.ts";
import { registerSystemGauges } from "./system-gauges.ts";

/** Gauges of prom-client that are named like counters. The same figures by kind, without `_total`, stay. */
const MISNAMED_GAUGES = [
  "nodejs_active_handles_total",
  "nodejs_active_requests_total",
  "nodejs_active_resources_total",
];
const REQUEST_SECONDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30];

/** Each system has a registry of its own, since a process may hold two. */
export function addMetricsRoutes(http: Http, system: System, counts: EntityCounts): void {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const name of MISNAMED_GAUGES) registry.removeSingleMetric(name);
  const instruments = createInstruments(registry);
  registerSystemGauges(instruments, system, counts);
  const stop = system.watch(createMetricsObserver(instruments, system));
  http.addHook("onClose", async () => stop());

  const requests = new Counter({
    name: "rollcall_http_requests_total",
    help: "Requests answered, by route.",
    labelNames: ["method", "route", "status"],
    registers: [registry],
  });
  const help = "From a request to the end of its answer, by route.";
  const durations = instruments.histogram("http_request_duration_seconds", help, REQUEST_SECONDS, ["method", "route"]);
  http.addHook("onResponse", async ({ method, routeOptions: { url: route = "none" } }, reply) => {
    requests.inc({ method, route, status: String(reply.statusCode) });
    durations.observe({ method, route }, reply.elapsedTime / 1_000);
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
    async (_request, reply) =>
      reply
        .type(registry.contentType)
        .serializer((text) => String(text))
        .send(await registry.metrics()),
  );
}
