import type { Violation } from "./checks/observed-system.ts";
import { FAULT_NAMES, runRandomAction } from "./actions.ts";
import { Random } from "./random.ts";
import type { SimulatedDomain } from "./simulated-domain.ts";
import { type PlantedDefect, Stopped, SimulatedSystem } from "./simulated-system.ts";

export interface SimulationOptions {
  readonly domain: SimulatedDomain;
  readonly seed: number;
  readonly steps: number;
  /** Steps that are left out. */
  readonly without?: ReadonlySet<number>;
  readonly defect?: PlantedDefect;
  readonly keepsTranscript?: boolean;
  readonly onSystem?: (system: SimulatedSystem) => void;
}
export interface SimulationResult {
  readonly seed: number;
  /** The step at which it stopped; `steps` for the phase without faults that follows the last one. */
  readonly step: number;
  readonly violation: Violation | undefined;
  readonly traceHash: string;
  readonly counts: Readonly<Record<string, number>>;
  readonly events: number;
  /** Intents that had a row of their own. */
  readonly parked: number;
  /** Lines that are their entity's first on a day, with the entity before them. */
  readonly daysBegun: number;
  readonly rebalances: number;
  /** Entities that were purged, and those of them that came back. */
  readonly purged: number;
  readonly reborn: number;
  /** Messages that were followed; how that ended, and how often. */
  readonly followed: number;
  readonly followEnds: Readonly<Record<string, number>>;
  readonly simulatedMs: number;
  readonly transcript: readonly string[];
}

/** One history: `steps` random actions, then a phase without faults; every promise is checked after each event. */
export async function simulate(options: SimulationOptions): Promise<SimulationResult> {
  const { domain, seed, steps, without } = options;
  const system = new SimulatedSystem({
    domain,
    seed,
    ...(options.defect && { defect: options.defect }),
    keepsTranscript: options.keepsTranscript ?? false,
  });
  options.onSystem?.(system);
  const onUnhandledRejection = (error: unknown): void => system.onUnhandledRejection(error);
  process.on("unhandledRejection", onUnhandledRejection);
  // Not every fault in every history: a defect that many faults at once hide shows with few.
  const choices = new Random(seed, 2);
  // With faults in close succession the grace of one outage lasts until the next, and no deadline ever fires.
  const share = choices.pick([0.01, 0.03, 0.12]);
  const hasManyFaults = choices.chance(0.5);
  const faults = FAULT_NAMES.filter(() => choices.chance(hasManyFaults ? 0.5 : 0.15));
  let step = 0;
  try {
    await system.advanceTime(choices.next() * 3_000);
    for (; step < steps; step++) {
      if (without?.has(step)) continue;
      const { name, waitMs } = runRandomAction(system, new Random(seed, 3, step), faults, share);
      system.count(name);
      await system.advanceTime(waitMs);
    }
    await system.settle();
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
  } finally {
    process.off("unhandledRejection", onUnhandledRejection);
  }
  const { violation, traceHash, counts, transcript, totals } = system;
  return { seed, step, violation, traceHash, counts, transcript, ...totals, simulatedMs: system.scheduler.nowMs };
}
