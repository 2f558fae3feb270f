import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePorts } from "../../../test/real/services/free-ports.ts";
import type { Engine, LoadEntity } from "../../load.ts";
import type { RunningEngine } from "../../measure-engine.ts";
import { query } from "../../postgres-counters.ts";
import { introspection } from "../introspection.ts";
import { type BenchTopics, STEPS } from "../kafka-nodes.ts";

/** Other engines that do the same job, and how many registrations each is given at most: the slow ones take minutes. */
export const peers = { "kafka-streams": 5_000, restate: 1_500, dbos: 1_500, temporal: 500 } as const;
export type PeerName = keyof typeof peers;
export const isPeer = (name: string): name is PeerName => Object.hasOwn(peers, name);

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
/** Where a peer's versions are pinned. */
export const manifestOf = (name: PeerName): string =>
  here(`${name}/${name === "kafka-streams" ? "pom.xml" : "package.json"}`);
export const installedDir = (name: PeerName): string => here(`.installed/${name}`);
/** A copy of the manifest that was installed. */
export const stampOf = (name: PeerName): string => join(installedDir(name), "installed");
export const isInstalled = (name: PeerName): boolean =>
  existsSync(stampOf(name)) && readFileSync(stampOf(name), "utf8") === readFileSync(manifestOf(name), "utf8");

/** Longer than a run: every deadline is armed, none passes while it is measured. */
const LIVENESS_MS = 600_000;
const TABLE = `create table node_peer (node_id text primary key, node_type text not null, node_version text not null,
  endpoints jsonb not null, capabilities text[] not null, state text not null, liveness_deadline timestamptz,
  registered_at timestamptz not null default now(), updated_at timestamptz not null default now());
  create index node_peer_by_deadline on node_peer (liveness_deadline) where state = 'active'`;
/** `$1`: the introspection, or the node's id. */
const statements = {
  upsert: `insert into node_peer (node_id, node_type, node_version, endpoints, capabilities, state)
    select node ->> 'node_id', node ->> 'node_type', concat_ws('.', node #>> '{node_version,major}',
        node #>> '{node_version,minor}', node #>> '{node_version,patch}'), node -> 'endpoints',
        array(select jsonb_array_elements_text(node -> 'capabilities')), 'accepted'
      from (select cast($1 as jsonb) as node) as given
    on conflict (node_id) do update set node_type = excluded.node_type, node_version = excluded.node_version,
      endpoints = excluded.endpoints, capabilities = excluded.capabilities, state = excluded.state, updated_at = now()`,
  activate: `update node_peer set state = 'active', liveness_deadline = now() + interval '${LIVENESS_MS} ms',
    updated_at = now() where node_id = $1`,
  expire:
    `update node_peer set state = 'expired', updated_at = now() where node_id = $1 and liveness_deadline ` + "<= now()",
};

/** What an engine's process gets, as JSON in BENCH_ENGINE. */
export interface Given {
  readonly runId: string;
  readonly brokers: string;
  readonly database: string;
  readonly consul: string;
  readonly consulNode: string;
  readonly topics: BenchTopics;
}

export interface RunningPeer extends RunningEngine {
  /** The nodes' side of an engine that is not reached over Kafka. */
  readonly nodes?: Engine;
}

/** Resolves when it is gone. */
export async function stopped(engine: ChildProcess): Promise<void> {
  if (engine.kill("SIGTERM")) await once(engine, "exit");
}

export async function startPeer(name: PeerName, given: Given): Promise<RunningPeer> {
  await query(given.database, TABLE);
  await fetch(new URL("/v1/catalog/register", given.consul), {
    method: "PUT",
    body: JSON.stringify({ Node: given.consulNode, Address: "127.0.0.1" }),
  });
  const folder = mkdtempSync(join(tmpdir(), "rollcall-peer-"));
  const ports = await freePorts(["server", "ingress", "admin", "service"]);
  const env = {
    ...process.env,
    BENCH_ENGINE: JSON.stringify({ ...given, folder, ports, statements, livenessMs: LIVENESS_MS }),
  };
  const classpath = join(installedDir("kafka-streams"), "*");
  const peer =
    name === "kafka-streams"
      ? spawn("java", ["-cp", classpath, here("kafka-streams/KafkaStreamsPeer.java")], {
          env,
          stdio: ["ignore", "pipe", "inherit"],
        })
      : fork(here(`${name}/peer.mjs`), { env, execArgv: [] });
  peer.once("exit", () => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }));
  const pids = await new Promise<readonly number[]>((resolve, reject) => {
    peer.stdout?.on("data", (chunk: Buffer) => chunk.toString().includes("ready") && resolve([peer.pid ?? 0]));
    peer.once("message", ({ ready }: { ready: number[] }) => resolve(ready));
    peer.once("exit", () => reject(new Error(`${name} ended before it was ready`)));
  });
  return { stop: () => stopped(peer), pids, ...(name !== "kafka-streams" && { nodes: new PeerNodes(peer) }) };
}

/** What a peer called active is there, in Postgres and in Consul. */
export async function checkPeer({ database, consul, consulNode }: Given, registrationsMin: number): Promise<void> {
  const [row] = await query(
    database,
    `select count(*) filter (where state = 'active' and liveness_deadline > now()) as active, count(*) from node_peer`,
  );
  const answer = await fetch(new URL(`/v1/catalog/node/${consulNode}`, consul));
  const { Services } = (await answer.json()) as { Services: object };
  const found = [Number(row?.["active"]), Number(row?.["count"]), Object.keys(Services).length];
  if (Math.min(...found) !== Math.max(...found) || Math.min(...found) < registrationsMin)
    throw new Error(
      `active rows, rows and services are ${found.join(", ")}, not the same or below ${registrationsMin}`,
    );
}

/** The nodes' side of a peer with a front door of its own, to which the peer's process carries their messages. */
class PeerNodes implements Engine {
  readonly steps = STEPS;
  onStep: Engine["onStep"] = () => {};
  readonly #process: ChildProcess;

  constructor(process: ChildProcess) {
    this.#process = process;
    process.on("message", ({ accepted, active }: { accepted?: string; active?: string }) => {
      if (accepted !== undefined) this.onStep("accepted", accepted);
      if (active !== undefined) this.onStep("active", active);
    });
  }

  async begin(nodes: readonly LoadEntity[]): Promise<void> {
    this.#process.send(nodes.map(({ id, index }) => introspection(id, index)));
  }
}
