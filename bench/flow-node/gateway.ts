import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { up } from "../../test/real/services/services.ts";
import { failure } from "../failure.ts";
import { HttpClients, type HttpLoad, type LoadRequest } from "../http-load.ts";
import { cpuSeconds } from "../measure.ts";
import { aligned } from "../report.ts";
import { type Engine, onKafka, plain, seededName, send } from "./engines.ts";
import { flowsOf } from "./flows.ts";

const HELP = `npm run bench:flow-nodes -- [options]
What the registry of flow nodes answers, with so many nodes in its store, on Kafka and Postgres; beside a hand-written
program of Fastify and pg on the same Postgres. Loads are closed loops on connections that stay open.
  --nodes N    in the store (default 10000)
  --flows N    of each of them (default 20)
  --connect N  flows of a node that connects (default 1000)
  --seconds N  each load (default 3)
  --json FILE  write the figures as JSON too
`;
const { values: options } = parseArgs({
  options: {
    nodes: { type: "string", default: "10000" },
    flows: { type: "string", default: "20" },
    connect: { type: "string", default: "1000" },
    seconds: { type: "string", default: "3" },
    json: { type: "string" },
    help: { type: "boolean", default: false },
  },
});
const NODES = Number(options.nodes);
const WARM_UP_MS = 1_000;
const CONNECTIONS = 16;
/** A prime, so that requests go all over the nodes. */
const STRIDE = 7_919;

interface Figure extends HttpLoad {
  readonly load: string;
  /** Of the engine's own process, for one request. */
  readonly cpuMs: number;
}

const someNode = (nth: number): string => seededName(1 + ((nth * STRIDE) % NODES));
const beat = (nth: number): LoadRequest => ({ method: "PUT", path: "/state", body: { node: someNode(nth) } });
const connectors = Array.from({ length: CONNECTIONS }, (_, nth) => `connector-${nth}`);
/** Each list differs from the node's former one: the same again would be a beat. */
const connect = (nth: number): LoadRequest => ({
  method: "POST",
  path: "/connect",
  body: { node: connectors[nth % CONNECTIONS] ?? "", flows: flowsOf(Number(options.connect), ` ${nth}`) },
});
const get = (path: string) => (): LoadRequest => ({ method: "GET", path });

const LOADS: readonly (readonly [name: string, connections: number, next: (nth: number) => LoadRequest])[] = [
  [`connect with ${options.connect} flows, one at a time`, 1, connect],
  ["beat, one at a time", 1, beat],
  [`beat, ${CONNECTIONS} at a time`, CONNECTIONS, beat],
  ["list, the first 100", 1, get("/nodes?limit=100")],
  [`list, all ${NODES} with ${options.flows} flows each`, 1, get("/nodes")],
];

async function playAll(name: string, { url, pid }: Engine): Promise<readonly Figure[]> {
  for (const node of connectors) await send(url, "POST", "/register", { node });
  const figures: Figure[] = [];
  for (const [load, connections, next] of LOADS) {
    const clients = new HttpClients(url, connections);
    try {
      await clients.ply(WARM_UP_MS, next);
      const cpuBefore = cpuSeconds(pid);
      const found = await clients.ply(Number(options.seconds) * 1_000, next);
      const cpuMs = Number((((cpuSeconds(pid) - cpuBefore) * 1_000) / found.count).toFixed(2));
      figures.push({ load, ...found, cpuMs });
      process.stderr.write(`${name}: ${JSON.stringify(figures.at(-1))}\n`);
    } finally {
      clients.close();
    }
  }
  return figures;
}

async function main(): Promise<void> {
  const services = await up({ keep: false });
  const size = { nodes: NODES, flows: Number(options.flows) };
  try {
    const all = {
      plain: await plain(services.addresses, size, (engine) => playAll("plain", engine)),
      kafka: await onKafka(services.addresses, size, (engine) => playAll("kafka", engine)),
    };
    const head = ["engine", "load", "per s", "p50 ms", "p99 ms", "CPU ms", "KiB"];
    const rows = Object.entries(all).flatMap(([engine, figures]) =>
      figures.map(({ load, perSecond, latency: { p50, p99 }, cpuMs, bytes }) =>
        [engine, load, perSecond, p50, p99, cpuMs, (bytes / 1_024).toFixed(1)].map(String),
      ),
    );
    process.stdout.write(`${aligned([head, ...rows])}\n`);
    if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(all, null, 2)}\n`);
  } finally {
    await services.release();
  }
}

if (options.help) process.stdout.write(HELP);
else await main().catch(failure("bench:flow-nodes"));
