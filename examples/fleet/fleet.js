// A node registry, three nodes that registered themselves, and a router: who finds whom, what happens when a node dies,
// and when the registry does. It takes half a minute and leaves nothing behind.
//   npm install && npm start
// LEASE=90s gives nodes as much time as the shipped contract does.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";

const LEASE = process.env.LEASE ?? "4s";
const DEADLINE_MS = 120_000;

const rollcall = dirname(createRequire(import.meta.url).resolve("rollcall/package.json"));
const command = join(rollcall, "dist/app/rollcall.js");
const folder = mkdtempSync(join(tmpdir(), "fleet-"));
const running = new Set();

/** A process of the fleet; each line that it says is shown. */
function start(name, args, environment = {}) {
  const child = spawn(process.execPath, [command, ...args], { env: { ...process.env, ...environment } });
  const ended = once(child, "exit");
  const entry = { child, stop: (signal = "SIGTERM") => (child.kill(signal), ended) };
  running.add(entry);
  void ended.then(() => running.delete(entry));
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on("line", (line) => console.log(`   [${name}] ${line}`));
  return entry;
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  return port;
}

/** Asks until the answer is the one that is waited for. */
async function until(what, ask) {
  for (const overMs = Date.now() + DEADLINE_MS; ; await sleep(100)) {
    const found = await ask().catch(() => undefined);
    if (found) return found;
    if (Date.now() > overMs) throw new Error(`waited in vain: ${what}`);
  }
}

const tell = (text) => console.log(`\n== ${text}`);
const show = (nodes) => {
  for (const { hostname, role, labels, status, last_heartbeat } of nodes)
    console.log(
      `   ${hostname.padEnd(10)} ${role.padEnd(15)} ${status.padEnd(8)} ${labels.join(",")} ${last_heartbeat}`,
    );
};

/** The shipped contracts, with another lease: as an operator would change them. */
function contractsWithLease() {
  const contracts = join(folder, "contracts");
  cpSync(join(rollcall, "dist/contracts/node-registry"), contracts, { recursive: true });
  const file = join(contracts, "orchestrator.yaml");
  const text = readFileSync(file, "utf8");
  writeFileSync(
    file,
    text.replace("after: 90s", `after: ${LEASE}`).replace("renewed_for: 90s", `renewed_for: ${LEASE}`),
  );
  return contracts;
}

const [registryPort, routerPort] = [await freePort(), await freePort()];
const [registryUrl, routerUrl] = [registryPort, routerPort].map((port) => `http://127.0.0.1:${port}`);
const contracts = contractsWithLease();

const startRegistry = () =>
  start("registry", ["start", "--module", "node_registry", "--contracts", contracts], {
    ROLLCALL_DATA_DIR: join(folder, "data"),
    ROLLCALL_HTTP_PORT: "0",
    ROLLCALL_LISTENERS: `node_registry=${registryPort}`,
    ROLLCALL_LOG_LEVEL: "warn",
  });

const bootstrap = ({ hostname, role, labels }) => [
  ...["node", "bootstrap", "--registry-url", registryUrl, "--hostname", hostname, "--role", role, "--labels", labels],
  // A machine of its own has its own /etc/rollcall/node_id.
  ...["--ip", "127.0.0.1", "--config-dir", join(folder, hostname)],
];

async function listed(url) {
  const response = await fetch(url);
  assert.equal(response.status, 200);
  return { nodes: await response.json(), isStale: response.headers.get("x-stale") === "true" };
}
const registered = async (query = "") => (await listed(`${registryUrl}/api/v1/nodes${query}`)).nodes;
const byName = async (hostname) => (await registered()).find((node) => node.hostname === hostname);
const namesOf = (nodes) => nodes.map(({ hostname }) => hostname).toSorted();

const FLEET = [
  { hostname: "gpu-1", role: "inference-node", labels: "gpu,linux" },
  { hostname: "gpu-2", role: "inference-node", labels: "gpu,linux" },
  { hostname: "front-1", role: "gateway", labels: "linux" },
];

async function story() {
  tell("a registry, three nodes and a router start; nodes that start together register apart");
  let registry = startRegistry();
  const nodes = new Map(FLEET.map((node) => [node.hostname, start(node.hostname, [...bootstrap(node), "--daemon"])]));
  start("router", ["router", "--registry-url", registryUrl, "--port", String(routerPort)]);
  await until("three nodes that beat", async () => {
    const found = await registered("?status=online");
    return found.length === 3 && found.every(({ last_heartbeat }) => last_heartbeat !== null);
  });
  show(await registered());

  tell("who asks the router finds nodes by role, and by label");
  const inference = await until("a router", () => listed(`${routerUrl}/nodes?role=inference-node`));
  assert.deepEqual(namesOf(inference.nodes), ["gpu-1", "gpu-2"]);
  const linux = await listed(`${routerUrl}/nodes?label=linux&status=online`);
  assert.deepEqual(namesOf(linux.nodes), ["front-1", "gpu-1", "gpu-2"]);
  show(inference.nodes);

  tell("gpu-2 dies without a word: when its lease is over it is offline");
  await nodes.get("gpu-2").stop("SIGKILL");
  const dead = await until("gpu-2 to be offline", async () => {
    const node = await byName("gpu-2");
    return node.status === "offline" && node;
  });
  console.log(`   gpu-2 is ${dead.status} since ${dead.silent.since}: ${dead.silent.why}`);
  assert.deepEqual(namesOf(await registered("?role=inference-node&status=online")), ["gpu-1"]);

  tell("it comes back, and is the same node");
  const again = execFileSync(process.execPath, [command, ...bootstrap(FLEET[1])], { encoding: "utf8", stdio: "pipe" });
  console.log(`   ${again.trim()}`);
  assert.match(again, new RegExp(`registered as ${dead.node_id}`));
  const back = await byName("gpu-2");
  assert.deepEqual([back.node_id, back.created_at], [dead.node_id, dead.created_at]);
  await listed(`${routerUrl}/nodes`);

  tell("the registry is killed: the router gives its last list, and says so");
  await registry.stop("SIGKILL");
  const stale = await listed(`${routerUrl}/nodes`);
  assert.deepEqual([stale.isStale, namesOf(stale.nodes)], [true, ["front-1", "gpu-1", "gpu-2"]]);
  console.log(`   200, X-Stale: true, ${stale.nodes.length} nodes`);

  tell("it starts again: it has lost nothing, nobody is taken for dead, and the nodes go on beating");
  registry = startRegistry();
  const fresh = await until("a fresh list", async () => {
    const list = await listed(`${routerUrl}/nodes`);
    return !list.isStale && list;
  });
  const alive = fresh.nodes.filter(({ hostname }) => hostname !== "gpu-2");
  assert.deepEqual([...new Set(alive.map(({ status }) => status))], ["online"]);
  const since = new Date().toISOString();
  await until("a beat", async () => (await byName("gpu-1")).last_heartbeat > since);
  show(await registered());

  tell("a node that is told to end says goodbye");
  await nodes.get("gpu-1").stop();
  const gone = await byName("gpu-1");
  console.log(`   gpu-1 is ${gone.status} since ${gone.silent.since}: ${gone.silent.why}`);
  assert.deepEqual([gone.status, gone.silent.why], ["offline", "it said so"]);
}

try {
  await story();
} finally {
  await Promise.all([...running].map(({ stop }) => stop()));
  rmSync(folder, { recursive: true, force: true });
}
