import type { DriftStatus } from "../../../runtime/shell/reconciliation/reconciler.ts";
import { formatDuration } from "../server/text-format.ts";

/** When a backend was compared with its entities, and what differed: `2 missing, 1 leftover`, or empty. */
export const describeDrift = ({ comparedAtMs, found }: DriftStatus, nowMs: number) => ({
  at: comparedAtMs === null ? "not compared yet" : `compared ${formatDuration(nowMs - comparedAtMs)} ago`,
  differences: Object.entries(found)
    .filter(([, count]) => count > 0)
    .map(([kind, count]) => `${count} ${kind}`)
    .join(", "),
});
