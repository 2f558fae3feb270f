import type { Sql } from "../../../runtime/ports/store.ts";
import { ASK_RESULTS, asksOf } from "./asking/ask-counts.ts";

function series(
  name: string,
  type: "gauge" | "counter",
  help: string,
  label: string,
  values: Readonly<Record<string, number>>,
) {
  const lines = Object.entries(values).map(([key, value]) => `${name}{${label}="${key}"} ${value}\n`);
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join("")}`;
}

/** In Prometheus' text format; every status and result is there, so that none ends as a gap. */
export function metricsText(sql: Sql, nodes: Readonly<Record<string, number>>): string {
  const asks = asksOf(sql);
  return (
    series("flow_registry_nodes", "gauge", "Flow nodes by status.", "status", nodes) +
    series(
      "flow_registry_asked_total",
      "counter",
      "Flow nodes that were asked since they had not beaten, by what came of it; of the process that asks.",
      "result",
      Object.fromEntries(ASK_RESULTS.map((result) => [result, asks.get(result) ?? 0])),
    )
  );
}
