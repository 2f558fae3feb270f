import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { partitionOf } from "../../runtime/core/murmur2.ts";
import { up } from "../../test/real/services/services.ts";
import { waitUntil } from "../../test/real/services/wait-until.ts";
import { failure } from "../failure.ts";
import { HttpClients, type HttpLoad, type LoadRequest } from "../http-load.ts";
import { cpuSeconds } from "../measure.ts";
import { aligned } from "../report.ts";
import { embedded, onKafka, PARTITIONS, plain, type Registry } from "./engines.ts";
import { roleOf, seededId } from "./seed.ts";

const HELP = `npm run bench:gateway -- [options]
What the gateway of the node registry answers, with so many nodes in its store, beside a hand-written program of
Fastify and pg. Loads are closed loops on connections that stay open.
  plain      the hand-written program on Postgres: a row a node, a row of an audit
  kafka      the registry on Kafka and Postgres; then two processes, and a node whose partition is the other one's
  embedded   the registry without any service
  --only plain,kafka,embedded   which (default: all)
  --nodes N    in the store (default 100000)
  --seconds N  each load (default 2)
  --loads TEXT those with it in their names (default: all)
  --json FILE  write the figures as JSON too
BENCH_NODE_FLAGS are for the registry: --cpu-prof --cpu-prof-dir=DIR
`;
const { values: options } = parseArgs({
  options: {
    only: { type: "string", default: "plain,kafka,embedded" },
    nodes: { type: "string", default: "100000" },
    seconds: { type: "string", default: "2" },
    loads: { type: "string", default: "" },
    json: { type: "string" },
    help: { type: "boolean" },
  },
});
const NODES = Number(options.nodes);
const LOAD_MS = Number(options.seconds) * 1_000;
const WARM_UP_MS = 1_000;
const CONNECTIONS = 16;
/** A prime, so that requests go all over the nodes. */
const STRIDE = 7_919;

interface Figure extends HttpLoad {
  readonly load: string;
  /** Of the engine's own process, for one request. */
  readonly cpuMs: number;
}

let made = 0;
function registration(): LoadRequest {
  const node_id = `fresh-${++made}`;
  const about = { hostname: node_id, ip: "10.0.0.8", role: roleOf(made), labels: ["gpu", "linux"], metadata: {} };
  return { method: "POST", path: "/api/v1/nodes/register", body: { node_id, ...about } };
}
const someNode = (nth: number): string => seededId(1 + ((nth * STRIDE) % NODES));
const beat = (id: string): LoadRequest => ({
  method: "POST",
  path: "/api/v1/nodes/heartbeat",
  body: { node_id: id, metrics: { load_1m: 0.5, memory_used_percent: 41.5 } },
});
const get = (path: string) => (): LoadRequest => ({ method: "GET", path });

const LOADS: readonly (readonly [name: string, connections: number, next: (nth: number) => LoadRequest])[] = [
  ["register, one at a time", 1, registration],
  [`register, ${CONNECTIONS} at a time`, CONNECTIONS, registration],
  ["beat, one at a time", 1, (nth) => beat(someNode(nth))],
  [`beat, ${CONNECTIONS} at a time`, CONNECTIONS, (nth) => beat(someNode(nth))],
  ["get one, one at a time", 1, (nth) => get(`/api/v1/nodes/${someNode(nth)}`)()],
  [`get one, ${CONNECTIONS} at a time`, CONNECTIONS, (nth) => get(`/api/v1/nodes/${someNode(nth)}`)()],
  ["list, the first 100", 1, get("/api/v1/nodes?limit=100")],
  ["list, the first 1,000", 1, get("/api/v1/nodes?limit=1000")],
  ["list, the first 100 of a role", 1, get(`/api/v1/nodes?role=${roleOf(1)}&limit=100`)],
];
const WHOLE = get("/api/v1/nodes");

async function measured(
  { url, pid }: Registry,
  load: string,
  connections: number,
  next: (nth: number) => LoadRequest,
): Promise<Figure> {
  const clients = new HttpClients(url, connections);
  try {
    await clients.ply(WARM_UP_MS, next);
    const cpuBefore = cpuSeconds(pid);
    const found = await clients.ply(LOAD_MS, next);
    const cpuMs = Number((((cpuSeconds(pid) - cpuBefore) * 1_000) / found.count).toFixed(2));
    return { load, ...found, cpuMs };
  } finally {
    clients.close();
  }
}

async function playAll(engine: string, registry: Registry): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  const play = async (name: string, measure: () => Promise<readonly Figure[]>): Promise<void> => {
    if (!name.includes(options.loads)) return;
    const found = await measure();
    for (const figure of found) process.stderr.write(`${engine}: ${JSON.stringify(figure)}\n`);
    figures.push(...found);
  };
  for (const [name, connections, next] of LOADS)
    await play(name, async () => [await measured(registry, name, connections, next)]);
  await play("list, all", async () => [await measured(registry, "list, all", 1, WHOLE)]);
  await play("list, all, while others beat", () => playBoth(registry));
  if (engine === "kafka") await play("beat, of two processes", () => playElsewhere(registry));
  return figures;
}

async function playBoth(registry: Registry): Promise<readonly Figure[]> {
  const beaten = `beat, ${CONNECTIONS} at a time, while one lists all`;
  const both = await Promise.all([
    measured(registry, "list, all, while others beat", 1, WHOLE),
    measured(registry, beaten, CONNECTIONS, (nth) => beat(someNode(nth))),
  ]);
  // What the process uses is for both.
  return both.map((found) => ({ ...found, cpuMs: Number.NaN }));
}

/** Not all of them, as soon as another process has some. */
async function ownPartitions({ query, pid }: Registry): Promise<ReadonlySet<number>> {
  const rows = (await query(
    "select partition from rollcall.partition_owner where domain = 'node_registry' and owner like '%:' || $1 || ':%'",
    [String(pid)],
  )) as readonly { readonly partition: number }[];
  if (rows.length === 0 || rows.length === PARTITIONS) throw new Error(`${rows.length} of ${PARTITIONS} are its own`);
  return new Set(rows.map(({ partition }) => partition));
}

/** Two processes; one of them is asked about nodes whose partitions are its own, then about those of the other. */
async function playElsewhere(registry: Registry): Promise<readonly Figure[]> {
  await registry.another();
  const own = await waitUntil(() => ownPartitions(registry), { what: "the other process", timeoutMs: 60_000 });
  const figures: Figure[] = [];
  for (const [where, isOwn] of [
    ["own", true],
    ["another's", false],
  ] as const) {
    const ids = Array.from({ length: NODES }, (_, nth) => someNode(nth)).filter(
      (id) => own.has(partitionOf(id, PARTITIONS)) === isOwn,
    );
    for (const connections of [1, CONNECTIONS])
      figures.push(
        await measured(registry, `beat, ${connections} at a time, of two processes: ${where}`, connections, (nth) =>
          beat(ids[nth % ids.length] ?? ""),
        ),
      );
  }
  return figures;
}

function report(all: ReadonlyMap<string, readonly Figure[]>): void {
  const head = ["engine", "load", "per s", "p50 ms", "p99 ms", "CPU ms", "KiB"];
  const rows = [...all].flatMap(([engine, figures]) =>
    figures.map(({ load, perSecond, latency: { p50, p99 }, cpuMs, bytes }) =>
      [engine, load, perSecond, p50, p99, Number.isNaN(cpuMs) ? "" : cpuMs, (bytes / 1_024).toFixed(1)].map(String),
    ),
  );
  process.stdout.write(`${aligned([head, ...rows])}\n`);
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(Object.fromEntries(all), null, 2)}\n`);
}

async function main(): Promise<void> {
  const wanted = options.only.split(",");
  const all = new Map<string, readonly Figure[]>();
  const needsServices = wanted.some((name) => name !== "embedded");
  const services = needsServices ? await up({ keep: false }) : undefined;
  try {
    for (const engine of wanted) {
      const play = (registry: Registry) => playAll(engine, registry);
      if (engine === "embedded") all.set(engine, await embedded(NODES, play));
      else if (engine === "kafka" && services) all.set(engine, await onKafka(services.addresses, NODES, play));
      else if (engine === "plain" && services) all.set(engine, await plain(services.addresses, NODES, play));
      else throw new Error(`--only ${engine}: plain, kafka, embedded`);
    }
  } finally {
    await services?.release();
  }
  report(all);
}

if (options.help) process.stdout.write(HELP);
else await main().catch(failure("bench:gateway"));
