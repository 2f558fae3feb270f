import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Program } from "../blackbox/program.ts";
import type { RealSystem } from "../blackbox/real-system.ts";
import { startTcpProxy, type TcpProxy } from "../real/services/tcp-proxy.ts";
import type { Fault } from "./fault.ts";
import { metricOf, type Stage } from "./stage.ts";

const SESSION_MS = 6_000;
const SHIFTED_CLOCK = fileURLToPath(new URL("shifted-clock.mjs", import.meta.url));
const TEN_MINUTES_MS = 600_000;
/** Of a partition that went unserved for a while when it changed hands. */
const GRACE_MS = 30_000;

/** The system's Postgres behind a proxy, as a process is configured with it. */
async function postgresProxy(stage: Stage<RealSystem>, world: RealSystem): Promise<{ proxy: TcpProxy; url: string }> {
  const url = new URL(world.environment["DATABASE_URL"] ?? "");
  const proxy = await startTcpProxy(Number(url.port));
  stage.atEnd(() => proxy.close());
  url.port = String(proxy.port);
  return { proxy, url: url.href };
}

const killed: Fault = {
  name: "kill",
  what: "SIGKILL every 5 s for two minutes: the oldest of three processes is killed, and another started",
  criterion: "G1 to G11: no node that beats expires",
  async run(stage) {
    const world = await stage.world({ partitions: 6 });
    await Promise.all([world.start(), world.start()]);
    const load = stage.load(world, { entities: 240, rate: 2 });
    let kills = 0;
    let starting: Promise<unknown> = Promise.resolve();
    await stage.during(120_000, async () => {
      await sleep(5_000);
      const [oldest] = world.programs;
      if (world.programs.length < 2) return;
      kills++;
      await oldest?.kill();
      // One that comes while the group changes waits until it is ready, which must not hold up the next kill.
      starting = Promise.all([starting, world.start().catch((error: unknown) => stage.expect(false, String(error)))]);
    });
    await starting;
    return { kills, ...(await stage.settle(world, [load])) };
  },
};

const zombie: Fault = {
  name: "zombie",
  what: "of two processes one is suspended in the middle of its commits for longer than its session, and resumed",
  criterion: "G3 to G5, fenced: what it still wanted to commit is refused",
  async run(stage) {
    const world = await stage.world({ partitions: 6 });
    const { proxy, url } = await postgresProxy(stage, world);
    const sleeper = await world.start({ DATABASE_URL: url });
    const load = stage.load(world, { entities: 200, rate: 4 });
    await sleep(5_000);
    let fenced = 0;
    const rounds = 3;
    for (let round = 0; round < rounds; round++) {
      // Its statements wait in the network while it sleeps, so that it wakes up in the middle of a turn.
      proxy.hold("to target");
      await sleep(1_000);
      sleeper.signal("SIGSTOP");
      await sleep(2 * SESSION_MS);
      sleeper.signal("SIGCONT");
      proxy.release();
      await sleep(6_000);
      fenced = await metricOf(sleeper, "rollcall_partitions_lost_total");
    }
    stage.expect(fenced > 0, "no turn of the zombie was fenced: the fault did not happen");
    return { rounds, partitionsFenced: fenced, ...(await stage.settle(world, [load])) };
  },
};

const clocks = [TEN_MINUTES_MS, -TEN_MINUTES_MS].map((shiftMs): Fault => ({
  name: shiftMs > 0 ? "clock+10m" : "clock-10m",
  what:
    `a process's clock is set ${shiftMs > 0 ? "10 min ahead" : "10 min back"}, then one comes whose clock ` +
    "was so from its start",
  criterion: "G7: never early, at most 2 s later than the grace of a takeover",
  async run(stage) {
    const shifted = { NODE_OPTIONS: `--import ${SHIFTED_CLOCK}`, CLOCK_SHIFT_MS: String(shiftMs) };
    const world = await stage.world({ first: shifted });
    const first = world.programs[0] as Program;
    // So many that those who fall silent are never three in ten of a period: their expiry would be held.
    const load = stage.load(world, { entities: 180, rate: 20 });
    // These fall silent once they are active, over the whole time of the fault.
    const silent = stage.load(world, { entities: 60, rate: 1, seed: 2, silent: 1 });
    await sleep(15_000);
    first.signal("SIGUSR2");
    await sleep(30_000);
    await world.start({ ...shifted, CLOCK_SHIFT_AT_START: "1" });
    await first.stop();
    await sleep(30_000);
    const settled = await stage.settle(world, [load], { lateMsMax: GRACE_MS + 2_000 });
    const { expired } = await silent.end();
    stage.expect(expired > 0, "no node expired: the fault shows nothing");
    return { silentExpired: expired, ...settled };
  },
}));

const storm: Fault = {
  name: "rebalance-storm",
  what: "for a minute processes join and leave as fast as they can, beside two that stay",
  criterion: "G1 to G11",
  async run(stage) {
    const world = await stage.world({ partitions: 6 });
    await world.start();
    const load = stage.load(world, { entities: 120, rate: 2 });
    const joins = await stage.during(60_000, async () => {
      const guest = await world.start();
      await guest.stop();
    });
    return { joinsAndLeaves: joins, ...(await stage.settle(world, [load])) };
  },
};

const rolling: Fault = {
  name: "rolling-restart",
  what: "three processes, one after the other ended by SIGTERM and replaced",
  criterion: "G1 to G11, exit 0 within 10 s each",
  async run(stage) {
    const world = await stage.world({ partitions: 6 });
    await world.start();
    await world.start();
    const load = stage.load(world, { entities: 120, rate: 4 });
    await sleep(5_000);
    let slowestMs = 0;
    for (const program of [...world.programs]) {
      const startedMs = performance.now();
      const { code } = await program.stop();
      slowestMs = Math.max(slowestMs, performance.now() - startedMs);
      stage.expect(code === 0, `C14 a process that was asked to leave ended with ${code}`);
      await world.start();
    }
    stage.expect(slowestMs < 10_500, `C14 a process took ${slowestMs} ms to leave`);
    return { slowestLeaveSeconds: Math.round(slowestMs / 100) / 10, ...(await stage.settle(world, [load])) };
  },
};

const brokenContract: Fault = {
  name: "broken-contract",
  what: "a process is restarted with a contract that has an error, while another one serves",
  criterion: "G14: refused with file and line; the other goes on",
  async run(stage) {
    const world = await stage.world();
    const load = stage.load(world, { entities: 60, rate: 5 });
    const wrong = stage.contractsCopy([stage.domain.mistake]);
    const refused = await world.start({}, { contractsDir: wrong.dir }).then(
      () => "it was started",
      (error: unknown) => String(error),
    );
    stage.expect(/\w\.yaml:\d+:\d+/.test(refused), `G14 no diagnostic with file and line: ${refused}`);
    const diagnostics = (refused.match(/RC\d{3}/g) ?? []).join(" ");
    return { diagnostics, ...(await stage.settle(world, [load])) };
  },
};

export const processFaults: readonly Fault[] = [killed, zombie, ...clocks, storm, rolling, brokenContract];
