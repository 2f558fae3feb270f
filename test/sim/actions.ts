import { TOPICS } from "./domain.ts";
import type { SimNode } from "./node.ts";
import type { Random } from "./random.ts";
import type { SimulatedSystem } from "./simulated-system.ts";

/** Something that a node does, or a fault. */
type Action = (system: SimulatedSystem, random: Random) => void;

const randomNode = ({ nodes }: SimulatedSystem, random: Random): SimNode => random.pick(nodes);

const NODE_ACTIONS: Readonly<Record<string, readonly [weight: number, action: Action]>> = {
  introspection: [16, (system, random) => randomNode(system, random).introspect()],
  change: [
    6,
    (system, random) => randomNode(system, random).introspect(random.pick(["content", "epoch", "type", "old"])),
  ],
  shutdown: [2, (system, random) => randomNode(system, random).introspect("shutdown")],
  deregistration: [2, (system, random) => randomNode(system, random).deregister()],
  heartbeat: [4, (system, random) => randomNode(system, random).heartbeat()],
  "stale ack": [
    3,
    (system, random) => {
      const node = randomNode(system, random);
      node.ack(node.accepted[random.int(0, Math.max(0, node.accepted.length - 1))] ?? {});
    },
  ],
  "foreign ack": [
    2,
    (system, random) => {
      const other = randomNode(system, random).accepted.at(-1);
      randomNode(system, random).ack(random.chance(0.5) && other ? other : { attemptId: random.uuid() });
    },
  ],
  "poison message": [
    3,
    (system, random) => {
      const node = randomNode(system, random);
      const text = random.pick(["", "{", "[]", '{"node_id":"x y"}', "\u0000", '{"payload_type":"Other","payload":{}}']);
      const value = random.chance(0.1) ? null : Buffer.from(text);
      system.addToTranscript(`${node.id} sends what can't be read: ${JSON.stringify(text)}`);
      node.produce(random.pick(Object.values(TOPICS)), value, { "x-poison": "1" }, random.next() * 10);
    },
  ],
  "wrong partition": [
    2,
    (system, random) => {
      const node = randomNode(system, random);
      const accepted = node.accepted.at(-1);
      const payload = { node_id: node.id, correlation_id: random.uuid() };
      if (random.chance(0.5))
        node.send(TOPICS.introspection, { ...payload, node_type: "effect" }, { inWrongPartition: true });
      else if (accepted)
        node.send(
          TOPICS.ack,
          { node_id: node.id, registration_attempt_id: accepted.attemptId },
          { inWrongPartition: true },
        );
    },
  ],
  "silence begins or ends": [
    2,
    (system, random) => {
      const node = randomNode(system, random);
      node.isSilent = !node.isSilent;
      system.addToTranscript(`${node.id} ${node.isSilent ? "stops sending" : "sends again"}`);
    },
  ],
  /** Only the pause that follows each action. */
  nothing: [24, () => {}],
};

/** How long a fault lasts. */
const durationMs = (random: Random, longest: number): number =>
  random.chance(0.5) ? random.next() * 1_500 : random.next() * longest;

const FAULTS: Readonly<Record<string, readonly [weight: number, action: Action]>> = {
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
  "second process": [1, (system) => system.scale(2)],
  "one process": [0.7, (system) => system.scale(1)],
  rebalance: [1.5, (system) => system.rebalance()],
  "bus down": [1, (system, random) => system.causeFault("bus", { down: true }, durationMs(random, 15_000))],
  "store down": [1, (system, random) => system.causeFault("store", { down: true }, durationMs(random, 15_000))],
  "registry down": [1, (system, random) => system.causeFault("registry", { down: true }, durationMs(random, 20_000))],
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
    ? Object.fromEntries(faults.map((name) => [name, FAULTS[name] as (typeof FAULTS)[string]]))
    : NODE_ACTIONS;
  const name = random.weighted(Object.fromEntries(Object.entries(table).map(([each, [weight]]) => [each, weight])));
  const waitMs = pauseMs(random);
  table[name]?.[1](system, random);
  return { name, waitMs };
}
