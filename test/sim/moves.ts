import { TOPICS } from "./domain.ts";
import type { SimNode } from "./node.ts";
import type { Random } from "./random.ts";
import type { World } from "./world.ts";

/** What may happen in a step, and how often: faults, and ordinary messages of nodes. */
type Move = (world: World, random: Random) => void;

const nodeOf = ({ nodes }: World, random: Random): SimNode => random.pick(nodes);

const NODE_MOVES: Readonly<Record<string, readonly [weight: number, move: Move]>> = {
  introspection: [16, (world, random) => nodeOf(world, random).introspect()],
  change: [6, (world, random) => nodeOf(world, random).introspect(random.pick(["content", "epoch", "type", "old"]))],
  shutdown: [2, (world, random) => nodeOf(world, random).introspect("shutdown")],
  deregistration: [2, (world, random) => nodeOf(world, random).deregister()],
  heartbeat: [4, (world, random) => nodeOf(world, random).heartbeat()],
  "stale ack": [
    3,
    (world, random) => {
      const node = nodeOf(world, random);
      node.ack(node.accepted[random.int(0, Math.max(0, node.accepted.length - 1))] ?? {});
    },
  ],
  "foreign ack": [
    2,
    (world, random) => {
      const other = nodeOf(world, random).accepted.at(-1);
      nodeOf(world, random).ack(random.chance(0.5) && other ? other : { attemptId: random.uuid() });
    },
  ],
  poison: [
    3,
    (world, random) => {
      const node = nodeOf(world, random);
      const text = random.pick(["", "{", "[]", '{"node_id":"x y"}', "\u0000", '{"payload_type":"Other","payload":{}}']);
      const value = random.chance(0.1) ? null : Buffer.from(text);
      world.tell(`${node.id} sends what can't be read: ${JSON.stringify(text)}`);
      node.produce(random.pick(Object.values(TOPICS)), value, { "x-poison": "1" }, random.next() * 10);
    },
  ],
  misplaced: [
    2,
    (world, random) => {
      const node = nodeOf(world, random);
      const accepted = node.accepted.at(-1);
      const payload = { node_id: node.id, correlation_id: random.uuid() };
      if (random.chance(0.5)) node.send(TOPICS.introspection, { ...payload, node_type: "effect" }, { misplaced: true });
      else if (accepted)
        node.send(TOPICS.ack, { node_id: node.id, registration_attempt_id: accepted.attemptId }, { misplaced: true });
    },
  ],
  silence: [
    2,
    (world, random) => {
      const node = nodeOf(world, random);
      node.isSilent = !node.isSilent;
      world.tell(`${node.id} ${node.isSilent ? "falls silent" : "speaks again"}`);
    },
  ],
  patience: [24, () => {}],
};

/** In milliseconds; how long a trouble lasts. */
const span = (random: Random, longest: number): number =>
  random.chance(0.5) ? random.next() * 1_500 : random.next() * longest;

const FAULTS: Readonly<Record<string, readonly [weight: number, move: Move]>> = {
  crash: [
    3,
    (world, random) => {
      const calls = random.chance(0.3) ? 0 : random.int(1, 40);
      world.crash(random, calls, span(random, 12_000));
    },
  ],
  "rolling restart": [1, (world, random) => world.restart(random, random.next() * 500)],
  zombie: [1.5, (world, random) => world.zombie(random, span(random, 40_000))],
  "contracts change": [1, (world, random) => world.changeContracts(random)],
  "second process": [1, (world) => world.scale(2)],
  "one process": [0.7, (world) => world.scale(1)],
  rebalance: [1.5, (world) => world.rebalance()],
  "bus down": [1, (world, random) => world.trouble("bus", { down: true }, span(random, 15_000))],
  "store down": [1, (world, random) => world.trouble("store", { down: true }, span(random, 15_000))],
  "registry down": [1, (world, random) => world.trouble("registry", { down: true }, span(random, 20_000))],
  "bus slow": [1, (world, random) => world.trouble("bus", { slowMs: random.next() * 2_000 }, span(random, 10_000))],
  "records late": [
    2,
    (world, random) => world.trouble("bus", { fetchMs: random.next() * 3_000 }, span(random, 20_000)),
  ],
  "store slow": [
    1,
    (world, random) =>
      world.trouble("store", { slowMs: random.next() * (random.chance(0.3) ? 9_000 : 500) }, span(random, 5_000)),
  ],
  "registry slow": [
    1,
    (world, random) => world.trouble("registry", { slowMs: random.next() * 12_000 }, span(random, 20_000)),
  ],
  "publish half done": [
    1.5,
    (world, random) => world.trouble("bus", { halfDone: 0.6, answerLost: random.next() * 0.5 }, span(random, 8_000)),
  ],
  "publish answer lost": [1.5, (world, random) => world.trouble("bus", { answerLost: 0.5 }, span(random, 8_000))],
  "commit answer lost": [1.5, (world, random) => world.trouble("store", { answerLost: 0.4 }, span(random, 8_000))],
  "effect half done": [
    1,
    (world, random) => world.trouble("registry", { halfDone: 0.5, answerLost: 0.3 }, span(random, 10_000)),
  ],
  "clock step": [1, (world, random) => world.stepClock(random, (random.chance(0.5) ? 1 : -1) * 600_000)],
  "mass silence": [0.3, (world, random) => world.massSilence(random.next() < 0.5 ? 0.3 : 1)],
};

export const FAULT_NAMES: readonly string[] = Object.keys(FAULTS);

/** The pause after a move: mostly short, sometimes longer than any deadline. */
function pauseMs(random: Random): number {
  const dice = random.next();
  if (dice < 0.004) return 20_000 + random.next() * 25_000;
  if (dice < 0.03) return 500 + random.next() * 6_000;
  return -Math.log(1 - random.next()) * 60;
}

/**
 * The move of a step and how long to wait behind it. It depends on the seed and the step's number alone, so a step can
 * be left out and the others stay what they are.
 * @param share of the steps that are faults
 */
export function move(
  world: World,
  random: Random,
  faults: readonly string[],
  share: number,
): { readonly name: string; readonly waitMs: number } {
  const isFault = faults.length > 0 && random.chance(share);
  const table = isFault
    ? Object.fromEntries(faults.map((name) => [name, FAULTS[name] as (typeof FAULTS)[string]]))
    : NODE_MOVES;
  const name = random.weighted(Object.fromEntries(Object.entries(table).map(([each, [weight]]) => [each, weight])));
  const waitMs = pauseMs(random);
  table[name]?.[1](world, random);
  return { name, waitMs };
}
