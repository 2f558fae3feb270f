import type { Random } from "./random.ts";
import type { Actions } from "./simulated-domain.ts";
import type { SimulatedSystem } from "./simulated-system.ts";

/** How long a fault lasts. */
const durationMs = (random: Random, longest: number): number =>
  random.chance(0.5) ? random.next() * 1_500 : random.next() * longest;

const FAULTS: Actions = {
  crash: [
    3,
    (system, random) => {
      const calls = random.chance(0.3) ? 0 : random.int(1, 40);
      system.crash(random, calls, durationMs(random, 12_000));
    },
  ],
  "rolling restart": [1, (system, random) => system.restart(random, random.next() * 500)],
  // A paused process that doesn't notice that it has lost its partitions.
  zombie: [1.5, (system, random) => system.pauseProcess(random, durationMs(random, 40_000))],
  "contracts change": [1, (system, random) => system.changeContracts(random)],
  "newer code": [0.7, (system, random) => system.deployNewerCode(random)],
  "second process": [1, (system) => system.scale(2)],
  "one process": [0.7, (system) => system.scale(1)],
  rebalance: [1.5, (system) => system.rebalance()],
  "bus down": [1, (system, random) => system.causeFault("bus", { down: true }, durationMs(random, 15_000))],
  "store down": [1, (system, random) => system.causeFault("store", { down: true }, durationMs(random, 15_000))],
  "registry down": [1, (system, random) => system.causeFault("registry", { down: true }, durationMs(random, 20_000))],
  // Longer than intents may wait without a row of their own.
  "registry away": [
    0.5,
    (system, random) => system.causeFault("registry", { down: true }, 65_000 + random.next() * 60_000),
  ],
  "bus slow": [
    1,
    (system, random) =>
      system.causeFault("bus", { extraDelayMaxMs: random.next() * 2_000 }, durationMs(random, 10_000)),
  ],
  "records late": [
    2,
    (system, random) =>
      system.causeFault("bus", { fetchDelayMaxMs: random.next() * 3_000 }, durationMs(random, 20_000)),
  ],
  "store slow": [
    1,
    (system, random) =>
      system.causeFault(
        "store",
        { extraDelayMaxMs: random.next() * (random.chance(0.3) ? 9_000 : 500) },
        durationMs(random, 5_000),
      ),
  ],
  "registry slow": [
    1,
    (system, random) =>
      system.causeFault("registry", { extraDelayMaxMs: random.next() * 12_000 }, durationMs(random, 20_000)),
  ],
  "publish partly done": [
    1.5,
    (system, random) =>
      system.causeFault("bus", { partlyDone: 0.6, responseLost: random.next() * 0.5 }, durationMs(random, 8_000)),
  ],
  "publish response lost": [
    1.5,
    (system, random) => system.causeFault("bus", { responseLost: 0.5 }, durationMs(random, 8_000)),
  ],
  "commit response lost": [
    1.5,
    (system, random) => system.causeFault("store", { responseLost: 0.4 }, durationMs(random, 8_000)),
  ],
  "effect partly done": [
    1,
    (system, random) =>
      system.causeFault("registry", { partlyDone: 0.5, responseLost: 0.3 }, durationMs(random, 10_000)),
  ],
  "notices lost": [
    1,
    (system, random) =>
      system.disturbNotices({ lost: random.chance(0.5) ? 1 : random.next() }, durationMs(random, 20_000)),
  ],
  "notices late": [
    1,
    (system, random) => system.disturbNotices({ lateMaxMs: random.next() * 5_000 }, durationMs(random, 20_000)),
  ],
  "clock step": [1, (system, random) => system.stepClock(random, (random.chance(0.5) ? 1 : -1) * 600_000)],
  "mass silence": [0.3, (system, random) => system.massSilence(random.next() < 0.5 ? 0.3 : 1)],
};

export const FAULT_NAMES: readonly string[] = Object.keys(FAULTS);

/** The pause after an action: mostly short, sometimes longer than any deadline. */
function pauseMs(random: Random): number {
  const kind = random.next();
  if (kind < 0.004) return 20_000 + random.next() * 25_000;
  if (kind < 0.03) return 500 + random.next() * 6_000;
  return -Math.log(1 - random.next()) * 60;
}

/**
 * Does the action of a step. What is chosen depends only on `random`, which is seeded with the history's seed and the
 * step's number: a step can be left out without changing what the other steps choose.
 * @param faults names of the faults that may occur
 * @param faultShare share of the steps that are faults
 * @returns how long to wait before the next step
 */
export function runRandomAction(
  system: SimulatedSystem,
  random: Random,
  faults: readonly string[],
  faultShare: number,
): { readonly name: string; readonly waitMs: number } {
  const isFault = faults.length > 0 && random.chance(faultShare);
  const table = isFault
    ? Object.fromEntries(faults.map((name) => [name, FAULTS[name] as Actions[string]]))
    : system.population.actions;
  const name = random.weighted(Object.fromEntries(Object.entries(table).map(([each, [weight]]) => [each, weight])));
  const waitMs = pauseMs(random);
  table[name]?.[1](system, random);
  return { name, waitMs };
}
