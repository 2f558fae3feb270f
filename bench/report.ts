import type { CoreResult } from "./core.ts";
import type { Latency, Result } from "./measure.ts";

/** A line an engine. */
export function resultTable(results: readonly Result[]): string {
  const three = ({ p50, p95, p99 }: Latency): string => `${p50} / ${p95} / ${p99}`;
  const steps = Object.keys(results[0]?.latencies ?? {});
  const head = [
    ...["engine", "count", "per s", ...steps.map((step) => `${step} p50/p95/p99 ms`)],
    ...["CPU s/1000", "services'", "WAL KiB", "RSS MiB", `${steps.at(-1)} p50/p95/p99 ms at shares`],
  ];
  const rows = results.map((r) =>
    [
      r.engine,
      r.count,
      r.perSecond,
      ...Object.values(r.latencies).map(three),
      r.cpuSecondsPer1000,
      r.servicesCpuSecondsPer1000 ?? "-",
      r.walBytes === undefined ? "-" : (r.walBytes / 1_024).toFixed(1),
      r.rssMiB,
      r.curve.map(({ share, latency }) => `${share}: ${three(latency)}`).join(", "),
    ].map(String),
  );
  return aligned([head, ...rows]);
}

export function coreTable(results: readonly CoreResult[]): string {
  const rows = results.map(({ what, entities, stepsPerSecond }) => [what, entities, stepsPerSecond].map(String));
  return aligned([["the core alone", "entities", "steps per s"], ...rows]);
}

export function aligned(rows: readonly (readonly string[])[]): string {
  const widths = rows.reduce<number[]>((most, row) => row.map((cell, i) => Math.max(most[i] ?? 0, cell.length)), []);
  return rows
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
