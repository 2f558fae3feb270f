import type { LatencySummary } from "../../client/latencies.ts";
import type { SimulationProgress, SimulationSummary } from "../../client/simulation.ts";

const LISTED_IDS_MAX = 5;

/** The progress of a running simulation, in one line. */
export function progressLine(progress: SimulationProgress): string {
  const { elapsedMs, introspected, nodes, accepted, active, rejected, expired, timedOut } = progress;
  const ended = rejected + expired + timedOut;
  const seconds = (elapsedMs / 1_000).toFixed(0);
  return `${seconds} s  introspected ${introspected}/${nodes}  accepted ${accepted}  active ${active}  ended ${ended}`;
}

/** The result of a simulation, for people. */
export function summaryText(summary: SimulationSummary): string {
  const { nodes, seed, elapsedMs, expectedActive, neverActive, latency, firstError } = summary;
  const rows: readonly (readonly [string, number])[] = [
    ["introspected", summary.introspected],
    ["accepted", summary.accepted],
    ["active", summary.active],
    ["rejected", summary.rejected],
    ["expired", summary.expired],
    ["timed out", summary.timedOut],
    ["registered again", summary.registeredAgain],
    ["messages sent", summary.messagesSent],
    ["duplicates sent", summary.duplicatesSent],
    ["messages failed", summary.messagesFailed],
  ];
  const counted = rows.map(([name, value]) => `  ${name.padEnd(18)}${String(value).padStart(9)}`);
  const verdict =
    neverActive.length === 0
      ? `all ${expectedActive} nodes that should become ACTIVE did`
      : `${neverActive.length} of ${expectedActive} nodes that should become ACTIVE did not: ${listFirst(neverActive)}`;
  return [
    `${nodes} nodes, seed ${seed}, ${(elapsedMs / 1_000).toFixed(1)} s`,
    "",
    ...counted,
    "",
    `  ${"ms from introspection".padEnd(22)}${["p50", "p95", "p99", "max"].map((name) => name.padStart(9)).join("")}`,
    latencyRow("to accepted", latency.toAccepted),
    latencyRow("to active", latency.toActive),
    "",
    ...(firstError === null ? [] : [`first message that failed: ${firstError}`]),
    verdict,
  ].join("\n");
}

const listFirst = (ids: readonly string[]): string =>
  ids.slice(0, LISTED_IDS_MAX).join(", ") + (ids.length > LISTED_IDS_MAX ? ", ..." : "");

function latencyRow(name: string, { count, p50Ms, p95Ms, p99Ms, maxMs }: LatencySummary): string {
  const figures = [p50Ms, p95Ms, p99Ms, maxMs].map((ms) => (count === 0 ? "-" : ms.toFixed(1)).padStart(9));
  return `  ${name.padEnd(22)}${figures.join("")}`;
}
