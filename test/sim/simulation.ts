import type { Breach } from "./checks/evidence.ts";
import { FAULT_NAMES, move } from "./moves.ts";
import { Random } from "./random.ts";
import { type Plant, Stopped, World } from "./world.ts";

export interface SimulationOptions {
  readonly seed: number;
  readonly steps: number;
  /** Steps that are left out. */
  readonly without?: ReadonlySet<number>;
  readonly plant?: Plant;
  readonly keepsStory?: boolean;
  readonly onWorld?: (world: World) => void;
}
export interface SimulationResult {
  readonly seed: number;
  /** The step at which it stopped; `steps` for the calm phase and behind. */
  readonly step: number;
  readonly breach: Breach | undefined;
  readonly traceHash: string;
  readonly counts: Readonly<Record<string, number>>;
  readonly events: number;
  readonly rebalances: number;
  readonly simulatedMs: number;
  readonly story: readonly string[];
}

/** One history: `steps` moves drawn from the seed, with every promise checked behind each event, then calm. */
export async function simulate(options: SimulationOptions): Promise<SimulationResult> {
  const { seed, steps, without } = options;
  const world = new World({
    seed,
    ...(options.plant && { plant: options.plant }),
    keepsStory: options.keepsStory ?? false,
  });
  options.onWorld?.(world);
  const onUnhandledRejection = (error: unknown): void => world.onUnhandledRejection(error);
  process.on("unhandledRejection", onUnhandledRejection);
  // Not every fault in every history: a defect that many faults at once hide shows with few.
  const choices = new Random(seed, 2);
  // With faults in close succession the grace of one outage lasts until the next, and no deadline ever fires.
  const share = choices.pick([0.01, 0.03, 0.12]);
  const hasManyFaults = choices.chance(0.5);
  const faults = FAULT_NAMES.filter(() => choices.chance(hasManyFaults ? 0.5 : 0.15));
  let step = 0;
  try {
    await world.advanceTime(choices.next() * 3_000);
    for (; step < steps; step++) {
      if (without?.has(step)) continue;
      const { name, waitMs } = move(world, new Random(seed, 3, step), faults, share);
      world.count(name);
      await world.advanceTime(waitMs);
    }
    await world.comeToRest();
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
  } finally {
    process.off("unhandledRejection", onUnhandledRejection);
  }
  const { breach, traceHash, counts, story, totals } = world;
  return { seed, step, breach, traceHash, counts, story, ...totals, simulatedMs: world.scheduler.nowMs };
}
