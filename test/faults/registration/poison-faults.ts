import type { RealWorld } from "../../blackbox/registration/real-world.ts";
import type { Fault } from "../fault.ts";

const TYPES = ["NodeIntrospectionEvent", "NodeRegistrationAcked", "NodeHeartbeatEvent", "NodeDeregister"];
const VALUES = ["", "{", "[]", "{}", "null", "\u0000", `{"node_id":"../x","node_type":"effect"}`, "PK\u0003\u0004"];

/** So many messages that can't be processed, spread over the input topics and their partitions. */
async function poison(world: RealWorld, count: number): Promise<void> {
  for (const [index, type] of TYPES.entries()) {
    const messages = Array.from({ length: Math.ceil(count / TYPES.length) }, (_, nth) => ({
      key: `sim-1-${String(nth + 1).padStart(5, "0")}`,
      value: VALUES[(nth + index) % VALUES.length] ?? "",
    }));
    await world.poisonAll(type, messages);
  }
}

const onePercent: Fault<RealWorld> = {
  name: "poison-1%",
  what: "one message in a hundred can't be processed, in the same partitions as good ones",
  criterion: "G11: each dead-lettered once, nobody is held up",
  async run(stage) {
    const world = await stage.world();
    const load = stage.load(world, { entities: 200, rate: 20 });
    const batches = await stage.during(30_000, async () => {
      await poison(world, 4);
      await new Promise((resolve) => setTimeout(resolve, 1_000));
    });
    return { poison: batches * 4, ...(await stage.settle(world, [load])) };
  },
};

const allPoison: Fault<RealWorld> = {
  name: "poison-100%",
  what: "20,000 messages that can't be processed come at once, good nodes behind them",
  criterion: "G11: each dead-lettered once; the good ones are taken",
  async run(stage) {
    const world = await stage.world();
    const count = 20_000;
    const startedMs = performance.now();
    await poison(world, count);
    const load = stage.load(world, { entities: 50, rate: 50 });
    await stage.untilDone(world, load.entities);
    const goodAfterSeconds = Math.round((performance.now() - startedMs) / 1_000);
    return { poison: count, goodAfterSeconds, ...(await stage.settle(world, [load])) };
  },
};

export const poisonFaults: readonly Fault<RealWorld>[] = [onePercent, allPoison];
