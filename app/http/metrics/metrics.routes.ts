import { z } from "zod";
import type { System } from "../../host/system.ts";
import type { Http } from "../server/route-types.ts";
import type { NodeCounts } from "../entities/node-counts.ts";
import { createRuntimeMetrics } from "./runtime-metrics.ts";

export function addMetricsRoutes(http: Http, system: System, counts: NodeCounts): void {
  const { registry, instruments, stop } = createRuntimeMetrics(system, counts);
  const requests = instruments.counter("http_requests_total", "Requests answered, by route.", {
    method: [],
    route: [],
    status: [],
  });
  const durations = instruments.histogram(
    "http_request_duration_seconds",
    "From a request to the end of its answer, by route.",
    [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30],
    ["method", "route"],
  );
  http.addHook("onResponse", async ({ method, routeOptions: { url: route = "none" } }, reply) => {
    requests.inc({ method, route, status: String(reply.statusCode) });
    durations.observe({ method, route }, reply.elapsedTime / 1_000);
  });
  http.addHook("onClose", async () => stop());

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
