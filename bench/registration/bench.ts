import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import type { ServiceAddresses } from "../../test/real/services/service-addresses.ts";
import { up } from "../../test/real/services/services.ts";
import { latencyChart } from "../chart.ts";
import { startConsulStub } from "../consul/stub-process.ts";
import { failure } from "../failure.ts";
import { createTopics } from "../kafka-load.ts";
import type { Result } from "../measure.ts";
import { measureEngine, median } from "../measure-engine.ts";
import type { Neighbourhood } from "../neighbours.ts";
import { coreTable, resultTable } from "../report.ts";
import { startRollcall } from "../rollcall-engine.ts";
import { benchCore, bytesPerNode } from "./core-scripts.ts";
import { benchEmbedded } from "./embedded.ts";
import { PARTITIONS, startBaseline, withEngine } from "./engine-scene.ts";
import {
  checkPeer,
  type Given,
  isInstalled,
  isPeer,
  type PeerName,
  peers,
  type RunningPeer,
  startPeer,
} from "./peers/peers.ts";

const HELP = `npm run bench -- [options]
  --only core,embedded,baseline,real   what to measure (default: these four); a peer's name does too
                   real-beside-idle and real-beside-flooded: real, with other domains in its process
  --peers          short for --only baseline,real,${Object.keys(peers).join(",")}
  --count N        registrations at saturation (default 10000; embedded a fifth of it, peers fewer)
  --one-at-a-time N   registrations one at a time (default 200)
  --curve SHARES   latencies at these shares of the saturated rate (default 0.5)
  --rounds N       rounds of the real engines, in turn; the median is printed (default 3)
  --consul real|stub  stub: in its place a small server that keeps all in memory (default real)
  --svg FILE       draw latency over load
  --json FILE      write the figures as JSON too
`;
const { values: options } = parseArgs({
  options: {
    only: { type: "string", default: "core,embedded,baseline,real" },
    peers: { type: "boolean" },
    count: { type: "string", default: "10000" },
    "one-at-a-time": { type: "string", default: "200" },
    curve: { type: "string", default: "0.5" },
    rounds: { type: "string", default: "3" },
    consul: { type: "string", default: "real" },
    svg: { type: "string" },
    json: { type: "string" },
    help: { type: "boolean" },
  },
});
const size = {
  count: Number(options.count),
  oneAtATime: Number(options["one-at-a-time"]),
  warmUp: 2_000,
  shares: options.curve.split(",").map(Number),
};
const CHART = { latency: "introspection to became-active", load: "registrations" };
const LABELS = {
  baseline: "baseline (no guarantees)",
  real: "rollcall real",
  "real-beside-idle": "real beside 4 idle domains",
  "real-beside-flooded": "real beside a flooded one",
} as const;
type OwnName = keyof typeof LABELS;
type EngineName = OwnName | PeerName;
const engineNames: readonly EngineName[] = [
  ...(Object.keys(LABELS) as OwnName[]),
  ...(Object.keys(peers) as PeerName[]),
];
const NEIGHBOURHOODS: Partial<Record<EngineName, Neighbourhood>> = {
  "real-beside-idle": "idle",
  "real-beside-flooded": "flooded",
};

async function main(): Promise<void> {
  const wanted = new Set<string>(options.peers ? engineNames : options.only.split(","));
  for (const name of wanted)
    if (!["core", "embedded", ...engineNames].includes(name))
      throw new Error(`--only ${name}: core, embedded, ${engineNames.join(", ")}`);
  if (!["real", "stub"].includes(options.consul)) throw new Error(`--consul ${options.consul}: real or stub`);
  const missing = engineNames.filter((name) => wanted.has(name) && isPeer(name) && !isInstalled(name));
  const real = engineNames.filter((name) => wanted.has(name) && !missing.includes(name));
  const results: Result[] = [];
  // Before anything else fills the heap.
  const bytes = wanted.has("core") ? bytesPerNode() : 0;
  const core = wanted.has("core") ? benchCore() : [];
  if (wanted.has("embedded"))
    results.push(await benchEmbedded({ ...size, count: Math.ceil(size.count / 5), warmUp: 100 }));
  if (real.length > 0) results.push(...(await benchReal(real)));
  if (core.length > 0)
    process.stdout.write(
      `${coreTable(core)}\n\na tracked node keeps ${bytes} bytes of memory, its deadline included\n\n`,
    );
  if (results.length > 0) process.stdout.write(`${resultTable(results)}\n\n`);
  for (const name of missing) process.stdout.write(`${name}: not installed: run npm run bench:peers -- ${name}\n\n`);
  const figures = {
    ...(core.length > 0 && { core, bytesPerEntity: bytes }),
    ...(results.length > 0 && { engines: results }),
  };
  if (options.svg !== undefined) writeFileSync(options.svg, latencyChart(results, CHART));
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(figures, null, 2)}\n`);
  process.stdout.write(`${JSON.stringify(figures)}\n`);
}

async function benchReal(names: readonly EngineName[]): Promise<Result[]> {
  const services = await up({ keep: false });
  const stub = options.consul === "stub" ? await startConsulStub() : undefined;
  const addresses = { ...services.addresses, ...(stub && { consul: stub.address }) };
  try {
    const rounds = new Map<EngineName, Result[]>(names.map((name) => [name, []]));
    for (let round = 0; round < Number(options.rounds); round++)
      for (const [name, results] of rounds) results.push(await benchProcess(name, addresses));
    return [...rounds.values()].flatMap(median);
  } finally {
    stub?.stop();
    await services.release();
  }
}

async function benchProcess(name: EngineName, services: ServiceAddresses): Promise<Result> {
  const count = isPeer(name) ? Math.min(size.count, peers[name]) : size.count;
  const warmUp = isPeer(name) ? Math.min(size.warmUp, count) : size.warmUp;
  const scene = { canLeave: name !== "baseline", start: (given: Given) => start(name, given, services) };
  return withEngine(services, scene, async ({ given, engine, nodes }) => {
    const label = isPeer(name) ? name : LABELS[name];
    const load = { ...size, count, warmUp, runId: given.runId };
    const result = await measureEngine(label, engine, nodes, load, given.database);
    if (isPeer(name)) await checkPeer(given, warmUp + count + size.oneAtATime);
    return result;
  });
}

async function start(name: EngineName, given: Given, services: ServiceAddresses): Promise<RunningPeer> {
  if (name === "baseline") return startBaseline(given);
  if (name === "kafka-streams") await createTopics(given.brokers, Object.values(given.topics), PARTITIONS);
  if (isPeer(name)) return startPeer(name, given);
  return startRollcall(
    { ...services, database: given.database },
    {
      ...{ module: "registration", domain: "registration", runId: given.runId, partitions: PARTITIONS },
      neighbourhood: NEIGHBOURHOODS[name],
    },
  );
}

if (options.help) process.stdout.write(HELP);
else await main().catch(failure("bench"));
