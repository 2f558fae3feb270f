import { setTimeout as sleep } from "node:timers/promises";
import { deadlinesOf } from "../../blackbox/registration/contracts-copy.ts";
import { envelopeOf } from "../../blackbox/evidence.ts";
import type { RealWorld } from "../../blackbox/registration/real-world.ts";
import type { Fault } from "../fault.ts";

const NODES = 1_000;
const PERIOD_MS = 20_000;

async function expiries(world: RealWorld): Promise<readonly number[]> {
  const records = await world.records();
  return records.filter((record) => envelopeOf(record).payload_type === "NodeLivenessExpired").map(({ atMs }) => atMs);
}

/**
 * The guard holds once `max_ratio` of all are due within half of the period. Heartbeats are spread over a third of it,
 * and over more on a busy machine: then of just as many as it takes the first may go before the last are in sight.
 */
const MAX_RATIO = 0.3;
const BEFORE_THE_LAST_ARE_IN_SIGHT = 0.05;

/** Guarded: held for one more period, then released at one a second. */
const silence = (silent: number, isGuarded: boolean): Fault<RealWorld> => ({
  name: `silence-${(silent * 100) / NODES}%`,
  what: `${silent} of ${NODES} nodes fall silent at once`,
  criterion: isGuarded ? "guard: held, then 1 a second; the others stay" : "G7: expire in time, without a hold",
  async run(stage) {
    const world = await stage.world({ edits: deadlinesOf("60s", `${PERIOD_MS}ms`) });
    const beating = stage.load(world, { entities: NODES - silent, rate: 100 });
    const falling = stage.load(world, { entities: silent, rate: 100, seed: 2 });
    await stage.untilDone(world, NODES);
    const silentFromMs = Date.now();
    falling.kill();
    await sleep(PERIOD_MS + 10_000);
    const inTime = (await expiries(world)).length;
    const holds = await world.query(`select from rollcall.expiry_hold`);
    if (!isGuarded) {
      stage.expect(inTime === silent, `G7 ${inTime} of ${silent} expired in time`);
      stage.expect(holds.length === 0, "the guard held what it should not");
      return { inTime, holds: holds.length, ...(await stage.settle(world, [beating], { lateMsMax: 2_000 })) };
    }
    const early = silent / NODES > MAX_RATIO ? 0 : silent * BEFORE_THE_LAST_ARE_IN_SIGHT;
    stage.expect(inTime <= early, `the guard: ${inTime} expired, though ${silent} fell silent at once`);
    stage.expect(holds.length === 1, `the guard: ${holds.length} holds are stored`);
    await sleep(PERIOD_MS + 10_000);
    const released = await expiries(world);
    const firstAfterSeconds = Math.round((Math.min(...released) - silentFromMs) / 1_000);
    const spanSeconds = (Math.max(...released) - Math.min(...released)) / 1_000;
    stage.expect(released.length > 0, "the guard: nothing was released after one more silent period");
    stage.expect(released.length <= spanSeconds + 2, `the guard: ${released.length} released in ${spanSeconds} s`);
    const { expired } = await beating.end();
    stage.expect(expired === 0, `G9 ${expired} nodes expired that kept beating`);
    return { nodes: NODES, inTime, holds: holds.length, released: released.length, firstAfterSeconds };
  },
});

export const silenceFaults: readonly Fault<RealWorld>[] = [silence(3, false), silence(300, true), silence(600, true)];
