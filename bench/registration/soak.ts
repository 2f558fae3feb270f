import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { durationMs } from "../../runtime/contract/language/schema-parts.ts";
import { startKafka, stopKafka, up } from "../../test/real/services/services.ts";
import { waitUntil } from "../../test/real/services/wait-until.ts";
import { failure } from "../failure.ts";
import { cpuSeconds, rssMiB } from "../measure.ts";
import { walBytes } from "../postgres-counters.ts";
import { introspection } from "./introspection.ts";
import { COLLECTED, HEAP, handlesOf, slopePerHour, takeCollections } from "../memory.ts";
import { nodeAt, type NodeScene, withNodes } from "./node-scene.ts";

const HELP = `npm run soak -- [options]
Runs one process with a heap of 256 MiB on real Kafka, Postgres and Consul, and judges its memory:
  steady   nodes come and go: memory's slope after a third of the time (behind collections of garbage), and open handles
  outage   Kafka is stopped while introspections keep coming over HTTP: the process survives, nothing is lost
  many     ACTIVE nodes with heartbeats, all held by the one process (without the heap's limit)
  --only steady,outage,many   which (default: all)
  --for DURATION       how long steady runs (default 30m)
  --outage DURATION    how long Kafka is away (default 10m)
  --nodes N            how many ACTIVE nodes (default 50000)
  --heartbeat DURATION how often each of them sends one (default 10s)
  --json FILE          write the figures as JSON too
Exits 1 when one of them fails.
`;
const { values: options } = parseArgs({
  options: {
    only: { type: "string", default: "steady,outage,many" },
    for: { type: "string", default: "30m" },
    outage: { type: "string", default: "10m" },
    nodes: { type: "string", default: "50000" },
    heartbeat: { type: "string", default: "10s" },
    json: { type: "string" },
    help: { type: "boolean" },
  },
});

const SLOPE_MIB_PER_HOUR_MAX = 2;
const HANDLES_MORE_MAX = 4;
const WATCHED_MS = 120_000;
const WARM_UP_BURSTS = 5;

interface Finding {
  readonly phase: string;
  readonly ok: boolean;
  readonly figures: Readonly<Record<string, number>>;
}

async function main(): Promise<void> {
  const services = await up({ keep: false });
  const findings: Finding[] = [];
  const play = (environment: Readonly<Record<string, string>>, phase: (scene: NodeScene) => Promise<Finding>) =>
    withNodes(services.addresses, { environment }, phase);
  const phases: Readonly<Record<string, () => Promise<Finding>>> = {
    steady: () => play(COLLECTED, (scene) => steady(scene, milliseconds(options.for))),
    outage: () => play(HEAP, (scene) => outage(scene, milliseconds(options.outage))),
    many: () => play({}, (scene) => many(scene, Number(options.nodes), milliseconds(options.heartbeat))),
  };
  try {
    for (const name of options.only.split(",")) {
      const phase = phases[name];
      if (!phase) throw new Error(`no phase ${name}: steady, outage or many`);
      findings.push(await phase());
      process.stdout.write(`${JSON.stringify(findings.at(-1))}\n`);
    }
  } finally {
    await services.release();
  }
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(findings, null, 2)}\n`);
  if (!findings.every(({ ok }) => ok)) process.exitCode = 1;
}

/**
 * The same 2,000 nodes come and go, 50 a second each way. Before that all of them at once, and again: every buffer and
 * pool then is as large as a bad moment of the machine would make it later, which is no growth that goes on.
 */
async function steady({ program, nodes, active }: NodeScene, forMs: number): Promise<Finding> {
  const all = Array.from({ length: 2_000 }, (_, i) => nodeAt(i));
  for (let time = 0; time < WARM_UP_BURSTS; time++) {
    active.clear();
    await nodes.introspect(all);
    await waitUntil(async () => assert.equal(active.size, all.length), {
      what: "a burst of nodes",
      timeoutMs: 120_000,
    });
    await nodes.introspect(all, "shutdown");
  }
  const samples: { atMs: number; handles: number }[] = [];
  const startedMs = performance.now();
  for (let second = 0; performance.now() - startedMs < forMs; second++) {
    const come = Array.from({ length: 50 }, (_, i) => nodeAt((second * 50 + i) % 2_000));
    const go = Array.from({ length: 50 }, (_, i) => nodeAt(((second + 20) * 50 + i) % 2_000));
    await nodes.introspect(come);
    await nodes.introspect(go, "shutdown");
    samples.push({ atMs: performance.now() - startedMs, handles: handlesOf(program.pid) });
    await sleep(startedMs + (second + 1) * 1_000 - performance.now());
  }
  const handles = samples.filter(({ atMs }) => atMs > forMs / 3).map((sample) => sample.handles);
  const memory = takeCollections().filter(({ atMs }) => atMs > forMs / 3);
  const slope = slopePerHour(memory);
  const more = Math.max(...handles) - (handles[0] ?? 0);
  return {
    phase: "steady",
    ok: slope < SLOPE_MIB_PER_HOUR_MAX && more <= HANDLES_MORE_MAX && active.size > 0,
    figures: {
      minutes: round(forMs / 60_000),
      activated: active.size,
      rssMiBFirst: round(memory[0]?.mib ?? 0),
      rssMiBLast: round(memory.at(-1)?.mib ?? 0),
      collections: memory.length,
      slopeMiBPerHour: round(slope),
      handlesFirst: handles[0] ?? 0,
      handlesMore: more,
    },
  };
}

/**
 * Introspections over HTTP, as fast as they are answered, while there is no broker; then every one that was taken
 * counts.
 */
async function outage({ program, active }: NodeScene, forMs: number): Promise<Finding> {
  let [taken, refused, rss, number] = [0, 0, 0, 0];
  const wanted = new Set<string>();
  await stopKafka();
  const untilMs = performance.now() + forMs;
  const publish = async (): Promise<void> => {
    while (performance.now() < untilMs) {
      const { id, index } = nodeAt(number++);
      const status = await fetch(`${program.url}/api/v1/events`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ payload_type: "NodeIntrospectionEvent", payload: introspection(id, index) }),
        signal: AbortSignal.timeout(60_000),
      }).then(
        (answer) => answer.status,
        () => 0,
      );
      if (status === 202) {
        taken++;
        wanted.add(id);
      } else refused++;
      rss = Math.max(rss, rssMiB(program.pid));
    }
  };
  await Promise.all(Array.from({ length: 64 }, publish));
  await startKafka();
  const { id, index } = nodeAt(number);
  wanted.add(id);
  await fetch(`${program.url}/api/v1/events`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ payload_type: "NodeIntrospectionEvent", payload: introspection(id, index) }),
  });
  for (let waited = 0; waited < 120 && [...wanted].some((each) => !active.has(each)); waited++) await sleep(1_000);
  const missing = [...wanted].filter((each) => !active.has(each)).length;
  return {
    phase: "outage",
    ok: missing === 0,
    figures: { minutes: round(forMs / 60_000), taken, refused, missing, rssMiBMost: rss },
  };
}

/** All become ACTIVE, then two minutes of heartbeats: the process itself reports how many are still ACTIVE. */
async function many({ program, nodes, database, active }: NodeScene, count: number, everyMs: number): Promise<Finding> {
  const all = Array.from({ length: count }, (_, index) => nodeAt(index));
  let beating = true;
  let beaten = 0;
  const slices = 20;
  const beat = async (): Promise<void> => {
    for (let slice = 0; beating; slice = (slice + 1) % slices) {
      const startedMs = performance.now();
      const due = all.filter(({ index, id }) => index % slices === slice && active.has(id));
      await nodes.heartbeat(due);
      beaten += due.length;
      await sleep(everyMs / slices - (performance.now() - startedMs));
    }
  };
  const beats = beat();
  for (let sent = 0; sent < count; sent += 500) {
    await nodes.introspect(all.slice(sent, sent + 500));
    while (active.size < sent - 2_000) await sleep(50);
  }
  for (let waited = 0; waited < 300 && active.size < count; waited++) await sleep(1_000);
  const before = { beaten, cpu: cpuSeconds(program.pid), wal: await walBytes(database) };
  await sleep(WATCHED_MS);
  const wal = (await walBytes(database)) - before.wal;
  const cpu = cpuSeconds(program.pid) - before.cpu;
  const perSecond = (beaten - before.beaten) / (WATCHED_MS / 1_000);
  const metrics = await (await fetch(`${program.url}/metrics`)).text();
  const held = Number(/rollcall_entities\{[^}]*state="ACTIVE"[^}]*\} (\d+)/.exec(metrics)?.[1] ?? Number.NaN);
  beating = false;
  await beats;
  return {
    phase: "many",
    ok: held === count,
    figures: {
      nodes: count,
      active: held,
      heartbeatsPerSecond: Math.round(perSecond),
      cpuOfACore: round(cpu / (WATCHED_MS / 1_000)),
      walBytesPerHeartbeat: Math.round(wal / (beaten - before.beaten)),
      rssMiB: rssMiB(program.pid),
    },
  };
}

const round = (value: number): number => Number(value.toFixed(2));
function milliseconds(text: string): number {
  const ms = durationMs(text);
  if (ms === undefined) throw new Error(`${text} is no duration: 30m`);
  return ms;
}

if (options.help) process.stdout.write(HELP);
else await main().catch(failure("soak"));
