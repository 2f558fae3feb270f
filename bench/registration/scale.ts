import { writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { contractsCopy, deadlinesOf } from "../../test/blackbox/registration/contracts-copy.ts";
import { KafkaReader } from "../../test/blackbox/kafka-reader.ts";
import type { ServiceAddresses } from "../../test/real/services/service-addresses.ts";
import { up } from "../../test/real/services/services.ts";
import { startConsulStub } from "../consul/stub-process.ts";
import { latencyOf, rssMiB } from "../measure.ts";
import { allOwn, limit } from "../processes.ts";
import { startTimes } from "../start-time.ts";
import { nodeAt, type NodeScene, withNodes } from "./node-scene.ts";

const HELP = `npm run bench:scale -- [options]
What one process holds, and what more of them add, on real Kafka, Postgres and Consul:
  backlog    so many introspections lie in the topic when the process starts: rate, and memory on the way
  restart    as many ACTIVE nodes: from the start of the process until it is ready, after SIGTERM and after SIGKILL
  deadlines  ACTIVE nodes with heartbeats, of which 2,000 fall silent in the same second: how late each is expired
  processes  the same load on 1, 2 and 4 processes of a fifth of a core each, Consul stubbed (Linux, cgroup v1, root)
  embedded   \`rollcall start\` without any service: the first start until ready, and a later one
  --only backlog,restart,...   which (default: all)
  --nodes N    for backlog and restart (default 100000)
  --json FILE  write the figures as JSON too
`;
const { values: options } = parseArgs({
  options: {
    only: { type: "string", default: "backlog,restart,deadlines,processes,embedded" },
    nodes: { type: "string", default: "100000" },
    json: { type: "string" },
    help: { type: "boolean" },
  },
});

type Figures = Readonly<Record<string, number>>;

const SILENT = 2_000;
const HOLDERS = 20_000;
const PROCESS_LOAD = 4_000;
const QUOTA_OF_A_CORE = 0.2;
/** Longer than any phase: no node expires here. */
const PATIENT = deadlinesOf("1h", "2h");

async function main(): Promise<void> {
  const wanted = options.only.split(",");
  const found: Record<string, Figures> = {};
  const tell = (phase: string, figures: Figures): void => {
    found[phase] = figures;
    process.stdout.write(`${phase} ${JSON.stringify(figures)}\n`);
  };
  if (wanted.includes("embedded")) tell("embedded", await startTimes());
  if (wanted.some((phase) => phase !== "embedded")) {
    const services = await up({ keep: false });
    try {
      if (wanted.includes("backlog") || wanted.includes("restart"))
        await backlogAndRestart(services.addresses, Number(options.nodes), tell);
      if (wanted.includes("deadlines"))
        tell(
          "deadlines",
          await withNodes(services.addresses, {}, (scene) => deadlines(scene, services.addresses.kafka)),
        );
      if (wanted.includes("processes")) tell("processes", await processes(services.addresses));
    } finally {
      await services.release();
    }
  }
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(found, null, 2)}\n`);
}

/** All of `from` to `to` become active; the rate, per second. */
async function register(scene: NodeScene, from: number, to: number): Promise<number> {
  const startedMs = performance.now();
  await introspect(scene, from, to);
  await becomeActive(scene, to);
  return (to - from) / ((performance.now() - startedMs) / 1_000);
}

async function introspect({ nodes }: NodeScene, from: number, to: number): Promise<void> {
  for (let sent = from; sent < to; sent += 500)
    await nodes.introspect(Array.from({ length: Math.min(500, to - sent) }, (_, i) => nodeAt(sent + i)));
}

async function becomeActive({ active }: NodeScene, count: number): Promise<void> {
  for (let [before, still] = [0, 0]; active.size < count; await sleep(50)) {
    still = active.size === before ? still + 1 : 0;
    before = active.size;
    if (still > 2_400) throw new Error(`${count - active.size} of ${count} nodes do not become active`);
  }
}

async function backlogAndRestart(
  services: ServiceAddresses,
  count: number,
  tell: (phase: string, figures: Figures) => void,
): Promise<void> {
  const contracts = contractsCopy(...PATIENT);
  await withNodes(services, { contractsDir: contracts.dir }, async (scene) => {
    await register(scene, 0, 3_000);
    const saturated = await register(scene, 3_000, 13_000);
    await scene.program.stop();
    await introspect(scene, 13_000, 13_000 + count);
    let program = await scene.start();
    const rss: number[] = [];
    const watch = setInterval(() => rss.push(rssMiB(program.pid)), 500);
    for (const before = scene.active.size; scene.active.size === before;) await sleep(10);
    const [startedMs, first] = [performance.now(), scene.active.size];
    await becomeActive(scene, 13_000 + count);
    const perSecond = (scene.active.size - first) / ((performance.now() - startedMs) / 1_000);
    clearInterval(watch);
    const third = Math.floor(rss.length / 3);
    tell("backlog", {
      count,
      perSecond: Math.round(perSecond),
      saturatedPerSecond: Math.round(saturated),
      rssMiBFirstThird: Math.max(...rss.slice(0, third)),
      rssMiBLastThird: Math.max(...rss.slice(-third)),
    });
    const readyMs = async (): Promise<number> => {
      const at = performance.now();
      program = await scene.start();
      return Math.round(performance.now() - at);
    };
    await program.stop();
    const afterSigterm = await readyMs();
    await program.kill();
    const afterSigkill = await readyMs();
    tell("restart", { nodes: scene.active.size, readyMsAfterSigterm: afterSigterm, readyMsAfterSigkill: afterSigkill });
  }).finally(() => contracts.remove());
}

/** The silent nodes send their last heartbeat at the same time; the others continue. */
async function deadlines(scene: NodeScene, brokers: string): Promise<Figures> {
  const { nodes, topics, active } = scene;
  const expired = await KafkaReader.open(brokers, [topics.expired], `${topics.expired}-reader`);
  const all = Array.from({ length: HOLDERS }, (_, index) => nodeAt(index));
  let [beating, slice] = [true, 0];
  const beats = (async () => {
    for (; beating; slice = (slice + 1) % 20) {
      const startedMs = performance.now();
      await nodes.heartbeat(all.filter(({ id, index }) => index % 20 === slice && active.has(id)));
      await sleep(500 - (performance.now() - startedMs));
    }
  })();
  await register(scene, 0, HOLDERS);
  await sleep(10_000);
  const silent = new Set(all.splice(0, SILENT).map(({ id }) => id));
  await sleep(1_000);
  await nodes.heartbeat([...silent].map((id, index) => ({ id, index })));
  for (let waited = 0; waited < 90 && expired.records.length < SILENT; waited++) await sleep(1_000);
  await sleep(5_000);
  beating = false;
  await beats;
  const fired = expired.records.map(({ atMs, value }) => {
    const { payload } = JSON.parse(String(value)) as { payload: { entity_id: string; deadline_at: string } };
    return { id: payload.entity_id, dueMs: Date.parse(payload.deadline_at), atMs };
  });
  await expired.close();
  const due = fired.map(({ dueMs }) => dueMs);
  const late = latencyOf(fired.map(({ atMs, dueMs }) => atMs - dueMs));
  return {
    active: HOLDERS,
    silent: SILENT,
    expired: fired.length,
    expiredOfOthers: fired.filter(({ id }) => !silent.has(id)).length,
    dueWithinMs: Math.max(...due) - Math.min(...due),
    lateMsP50: late.p50,
    lateMsP99: late.p99,
    lateMsMost: Math.max(...fired.map(({ atMs, dueMs }) => atMs - dueMs)),
    earliestMs: Math.min(...fired.map(({ atMs, dueMs }) => atMs - dueMs)),
  };
}

/**
 * On two cores four processes have none to themselves: each gets the same small share, so that what is missing shows.
 */
async function processes(services: ServiceAddresses): Promise<Figures> {
  const contracts = contractsCopy(...PATIENT);
  const figures: Record<string, number> = {};
  try {
    for (const count of [1, 2, 4]) {
      const stub = await startConsulStub();
      const settings = { contractsDir: contracts.dir, environment: { KAFKA_SESSION_TIMEOUT_MS: "6000" } };
      const perSecond = await withNodes({ ...services, consul: stub.address }, settings, async (scene) => {
        const programs = [scene.program];
        while (programs.length < count) programs.push(await scene.start());
        await allOwn(programs, 12);
        await register(scene, 0, 2_000);
        const groups = programs.map(({ pid }) => limit(pid, QUOTA_OF_A_CORE));
        try {
          await register(scene, 2_000, 3_000);
          return await register(scene, 3_000, 3_000 + PROCESS_LOAD);
        } finally {
          for (const lift of groups) lift();
        }
      });
      stub.stop();
      figures[`perSecondOf${count}`] = Math.round(perSecond);
    }
  } finally {
    contracts.remove();
  }
  return figures;
}

if (options.help) process.stdout.write(HELP);
else await main();
