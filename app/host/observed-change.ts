import type { Domain } from "../../runtime/core/domain.ts";
import { Fault } from "../../runtime/core/fault.ts";
import type { ProjectionSpec } from "../../runtime/core/projection.ts";
import type { Clock } from "../../runtime/ports/clock.ts";
import type { Store } from "../../runtime/ports/store.ts";
import { type Changing, changeProjections } from "../../runtime/shell/projections/change-projections.ts";
import type { Observe } from "../../runtime/shell/shell-event.ts";
import { applyContracts, type CompiledContracts, IncompatibleContractsError } from "./contracts-in-force.ts";

const REPORT_MS = 5_000;

/** A change of projections that is told as it goes: when the first rows are there, every 5 s, and when all are. */
function observedChange(
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

/**
 * Puts contracts in force for every process, with their projections, which are filled before, while turns go on.
 * @param change.isSame they are in force: only the projections may be others
 * @returns the files that changed without a new `contract_version`
 * @throws IncompatibleContractsError: nothing has changed
 */
export async function putChangeInForce(
  options: { readonly store: Store; readonly clock: Clock; readonly observe: Observe },
  change: {
    readonly current: Domain;
    readonly next: CompiledContracts;
    readonly by: string;
    readonly isSame: boolean;
    readonly isCancelled: () => boolean;
  },
): Promise<readonly string[]> {
  const { store, clock } = options;
  const { current, next, by, isSame, isCancelled } = change;
  const { contractHash: hash, stateVersion, projections } = current;
  const changing = observedChange(options, projections, isCancelled);
  const own = { expected: { hash, stateVersion }, current, by };
  try {
    return await changeProjections({ store, domain: next.domain, clock }, changing, async (alongside) =>
      isSame ? [] : applyContracts(store, next, { ...own, alongside }),
    );
  } catch (error) {
    if (error instanceof Fault && !error.retryable) throw new IncompatibleContractsError([error.message]);
    throw error;
  }
}
