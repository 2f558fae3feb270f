import type { ProjectionSpec } from "../../runtime/core/projection.ts";
import type { Clock } from "../../runtime/ports/clock.ts";
import type { Changing } from "../../runtime/shell/projections/change-projections.ts";
import type { Observe } from "../../runtime/shell/shell-event.ts";

const REPORT_MS = 5_000;

/** A change of projections that is told as it goes: when the first rows are there, every 5 s, and when all are. */
export function observedChange(
  { clock, observe }: { readonly clock: Clock; readonly observe: Observe },
  former: readonly ProjectionSpec[],
  isCancelled: () => boolean,
): Changing {
  let told = "";
  let nextAtMs = Number.NEGATIVE_INFINITY;
  return {
    former,
    isCancelled,
    onFilled(progress) {
      const { projection, filled, of } = progress;
      const isDue = told !== projection || filled >= of || clock.monotonicMs() >= nextAtMs;
      if (!isDue) return;
      told = projection;
      nextAtMs = clock.monotonicMs() + REPORT_MS;
      observe({ kind: "projection_filling", ...progress });
    },
    onWaiting: (reason) => observe({ kind: "projections_waiting", reason }),
  };
}
