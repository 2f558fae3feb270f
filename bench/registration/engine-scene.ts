import { spawn } from "node:child_process";
import { freshDatabase } from "../../test/real/services/fresh-database.ts";
import type { ServiceAddresses } from "../../test/real/services/service-addresses.ts";
import { createTopics, deleteTopics } from "../kafka-load.ts";
import type { Engine } from "../load.ts";
import { benchTopics, KafkaNodes } from "./kafka-nodes.ts";
import { type Given, type RunningPeer, stopped } from "./peers/peers.ts";

/** An engine that runs, in a namespace and a database of its own, with nodes that answer it. */
interface EngineScene {
  readonly given: Given;
  readonly engine: RunningPeer;
  readonly nodes: Engine;
}

interface SceneOptions {
  /** Whether its nodes can deregister. */
  readonly canLeave: boolean;
  readonly start: (given: Given) => Promise<RunningPeer>;
}

export const PARTITIONS = 12;
const BENCH_NODE = "bench-nodes";

/** One engine as a process of its own, its nodes in this one. What was written for it is removed afterwards. */
export async function withEngine<Result>(
  services: ServiceAddresses,
  { canLeave, start }: SceneOptions,
  play: (scene: EngineScene) => Promise<Result>,
): Promise<Result> {
  const runId = `bench${Date.now().toString(36)}`;
  const database = await freshDatabase(services.database);
  const topics = benchTopics(runId);
  const brokers = services.kafka;
  const consul = consulUrl(services.consul);
  const given = { runId, brokers, database: database.url, consul, consulNode: BENCH_NODE, topics };
  try {
    const engine = await start(given);
    try {
      return await withNodes(given, engine, canLeave, (nodes) => play({ given, engine, nodes }));
    } finally {
      await engine.stop();
    }
  } finally {
    await database.drop();
    await deleteTopics(brokers, `dev.${runId}.`);
    await forgetServices(consul, runId);
  }
}

async function withNodes<Result>(
  { brokers, topics, runId }: Given,
  engine: RunningPeer,
  canLeave: boolean,
  play: (nodes: Engine) => Promise<Result>,
): Promise<Result> {
  if (engine.nodes) return play(engine.nodes);
  const nodes = await KafkaNodes.connect(brokers, topics, runId, { canLeave });
  try {
    return await play(nodes);
  } finally {
    await nodes.close();
  }
}

/** What a hand-written program does; its topics have to be there. */
export async function startBaseline(given: Given): Promise<RunningPeer> {
  await createTopics(given.brokers, Object.values(given.topics), PARTITIONS);
  const engine = spawn(process.execPath, ["--import", "tsx", "bench/registration/baseline.ts"], {
    env: { ...process.env, BENCH_ENGINE: JSON.stringify(given) },
    stdio: ["ignore", "pipe", "inherit"],
  });
  await new Promise<void>((resolve, reject) => {
    engine.stdout?.on("data", (chunk: Buffer) => chunk.toString().includes("ready") && resolve());
    engine.once("exit", () => reject(new Error("the baseline ended before it was ready")));
  });
  return { stop: () => stopped(engine), pids: [engine.pid ?? 0] };
}

/** A catalog that keeps every run's services gets slower from run to run, whatever is measured. */
async function forgetServices(consul: string, runId: string): Promise<void> {
  for (const Node of [`rollcall-dev-${runId}`, BENCH_NODE])
    await fetch(new URL("/v1/catalog/deregister", consul), { method: "PUT", body: JSON.stringify({ Node }) });
}

const consulUrl = (address: string): string => (address.includes("://") ? address : `http://${address}`);
