import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import type { NodeBody } from "../../app/modules/flow-node/bodies.ts";
import { RealFlowRegistry } from "../../test/flow-node/real-flow-registry.ts";
import { up } from "../../test/real/services/services.ts";
import { failure } from "../failure.ts";
import { latencyOf } from "../measure.ts";
import { flowsOf } from "./flows.ts";

const HELP = `npm run bench:flow-fleet -- [options]
Flow nodes beat over HTTP at two processes of the registry, on Kafka and Postgres, while its whole list is read again
and again. Three in ten stop beating at once, of which one answers nothing either when it is asked; one process is
killed with -9 in that moment and started again.
  --nodes N   default 1000
  --lease N   seconds; a node beats after a fifth of it, and is asked as often (default 30)
  --flows N   of each node (default 20)
Exits 1 when a node that beat or answered was ever listed as not alive, or one that did neither is not in the end.
`;
const { values: options } = parseArgs({
  options: {
    nodes: { type: "string", default: "1000" },
    lease: { type: "string", default: "30" },
    flows: { type: "string", default: "20" },
    help: { type: "boolean", default: false },
  },
});
const [SIZE, LEASE_MS, FLOWS] = [Number(options.nodes), Number(options.lease) * 1_000, Number(options.flows)];
const BEAT_MS = LEASE_MS / 5;
const AT_ONCE = 25;

type Kind = "beats" | "answers" | "is gone";
const kindOf = (nth: number): Kind => (nth % 10 > 2 ? "beats" : nth % 10 > 0 ? "answers" : "is gone");

/** A port at which every address of this machine is another node. @returns how often it was asked */
async function nodesThatAnswer(isGone: (host: string) => boolean) {
  let asked = 0;
  const server = createServer((request, response) => {
    if (isGone(request.headers.host ?? "")) return void request.socket.destroy();
    asked++;
    response.writeHead(200, { "content-type": "application/json" }).end("{}");
  });
  server.listen(0, "0.0.0.0");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const nameOf = (nth: number): string => `127.1.${nth >> 8}.${nth & 255}:${port}`;
  return { nameOf, asked: () => asked, close: () => server.close().closeAllConnections() };
}

async function inParallel(count: number, work: (nth: number) => Promise<void>): Promise<void> {
  let next = 0;
  const one = async (): Promise<void> => {
    for (let nth = next++; nth < count; nth = next++) await work(nth);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, one));
}

/** Reads the list again and again. @returns whom it has ever said to be not alive, and when all that are gone were */
async function watch(list: () => Promise<readonly NodeBody[]>, gone: ReadonlySet<string>, fellMs: number) {
  const seen = new Set<string>();
  const listMs: number[] = [];
  let untilGoneMs = Number.NaN;
  while (performance.now() - fellMs < 3 * LEASE_MS) {
    const askedMs = performance.now();
    const listed = await list();
    listMs.push(performance.now() - askedMs);
    for (const { node, alive } of listed) if (!alive) seen.add(node);
    if (Number.isNaN(untilGoneMs) && [...gone].every((node) => seen.has(node))) untilGoneMs = askedMs - fellMs;
    await sleep(500);
  }
  return { seen, listMs, untilGoneMs };
}

async function measure(registry: RealFlowRegistry) {
  const gone = new Set<string>();
  let areSilent = false;
  const nodes = await nodesThatAnswer((host) => areSilent && gone.has(host));
  const names = Array.from({ length: SIZE }, (_, nth) => nodes.nameOf(nth));
  const ofKind = (kind: Kind) => names.filter((_, nth) => kindOf(nth) === kind);
  for (const node of ofKind("is gone")) gone.add(node);
  const over = new AbortController();
  const beatMs: number[] = [];
  const live = async (nth: number): Promise<void> => {
    const node = names[nth] ?? "";
    await sleep(BEAT_MS * Math.random());
    while (!over.signal.aborted && !(areSilent && kindOf(nth) !== "beats")) {
      const beganMs = performance.now();
      // What gets no answer is sent to the other process.
      const tries = [nth % 2, (nth + 1) % 2].map((at) => () => registry.ask(at, "PUT", "/state", { node }));
      await tries[0]?.().catch(() => tries[1]?.().catch(() => {}));
      beatMs.push(performance.now() - beganMs);
      await sleep(Math.max(0, BEAT_MS - (performance.now() - beganMs)));
    }
  };
  const list = async (): Promise<readonly NodeBody[]> =>
    (await registry.ask<{ nodes: readonly NodeBody[] }>(1, "GET", "/nodes")).nodes;
  try {
    const beganMs = performance.now();
    await inParallel(SIZE, async (nth) => {
      const [node, at] = [names[nth] ?? "", nth % 2];
      await registry.ask(at, "POST", "/register", { node });
      await registry.ask(at, "POST", "/connect", { node, flows: flowsOf(FLOWS) });
    });
    const connectedMs = performance.now() - beganMs;
    const lives = names.map((_, nth) => live(nth));
    await sleep(2 * BEAT_MS);
    areSilent = true;
    const fellMs = performance.now();
    await registry.kill(registry.processes[0]);
    const back = registry.startAt(0).then(() => performance.now() - fellMs);
    const { seen, listMs, untilGoneMs } = await watch(list, gone, fellMs);
    const untilBackMs = await back;
    over.abort();
    await Promise.all(lives);
    const wronged = (kind: Kind) => ofKind(kind).filter((node) => seen.has(node)).length;
    return {
      ...{ nodes: SIZE, flows: FLOWS, leaseSeconds: LEASE_MS / 1_000, connectedPerSecond: perSecond(connectedMs) },
      ...{ beating: ofKind("beats").length, beatingAndSeenNotAlive: wronged("beats") },
      ...{ answering: ofKind("answers").length, answeringAndSeenNotAlive: wronged("answers"), asked: nodes.asked() },
      ...{ gone: gone.size, goneAndNotAlive: wronged("is gone"), untilGoneSeconds: inSeconds(untilGoneMs) },
      ...{ untilBackSeconds: inSeconds(untilBackMs), beatMs: latencyOf(beatMs), listMs: latencyOf(listMs) },
    };
  } finally {
    over.abort();
    nodes.close();
  }
}

const perSecond = (ms: number): number => Math.round(SIZE / (ms / 1_000));
const inSeconds = (ms: number): number => Math.round(ms / 100) / 10;

async function main(): Promise<void> {
  const services = await up({ keep: false });
  const lease = `{ longer_than: ${LEASE_MS}ms }`;
  try {
    const registry = await RealFlowRegistry.open(
      services.addresses,
      [
        ["orchestrator", "after: { longer_than: 300s }", `after: ${lease}`],
        ["orchestrator", "renewed_for: { longer_than: 300s }", `renewed_for: ${lease}`],
        // All nodes are one caller.
        ["http", "max: 6000", "max: 1000000"],
      ],
      { FLOW_NODES_ASK_EVERY: `${BEAT_MS}ms` },
    );
    try {
      const figures = await measure(registry);
      process.stdout.write(`${JSON.stringify(figures, null, 2)}\n`);
      const { beatingAndSeenNotAlive, answeringAndSeenNotAlive, goneAndNotAlive, gone } = figures;
      if (beatingAndSeenNotAlive + answeringAndSeenNotAlive > 0 || goneAndNotAlive < gone) process.exitCode = 1;
    } finally {
      await registry.close();
    }
  } finally {
    await services.release();
  }
}

if (options.help) process.stdout.write(HELP);
else await main().catch(failure("bench:flow-fleet"));
