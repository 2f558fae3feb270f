import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PGlite } from "@electric-sql/pglite";
import pg from "pg";
import { copyContracts } from "../../test/blackbox/contracts-copy.ts";
import { type Program, startProgram } from "../../test/blackbox/program.ts";
import { freePorts } from "../../test/real/services/free-ports.ts";
import { freshDatabase } from "../../test/real/services/fresh-database.ts";
import { environmentOf, type ServiceAddresses } from "../../test/real/services/service-addresses.ts";
import { waitUntil } from "../../test/real/services/wait-until.ts";
import { ROOT } from "../../test/tidy/sources.ts";
import { deleteTopics } from "../kafka-load.ts";
import { type Query, SEED, seedNodes, seedPlain } from "./seed.ts";

export const PARTITIONS = 12;

/** A registry that has the nodes, as a process of its own. */
export interface Registry {
  /** Of its own port. */
  readonly url: string;
  readonly pid: number;
  readonly query: Query;
  /** One more process that serves the same. */
  another(): Promise<Registry>;
}
type Play<Result> = (registry: Registry) => Promise<Result>;

/** Leases of an hour: none ends meanwhile. And nobody is told to wait. */
const EDITS = [
  ["orchestrator", "after: 90s", "after: 1h"],
  ["orchestrator", "renewed_for: 90s", "renewed_for: 1h"],
  ["http", "rate_limit: { max: 6000, window: 1m }", "rate_limit: { max: 1000000, window: 1m }"],
] as const;

async function startRegistry(contractsDir: string, environment: Readonly<Record<string, string>>) {
  const { registry } = await freePorts(["registry"]);
  const program = await startProgram({
    command: ["start", "--module", "node_registry", "--contracts", contractsDir],
    nodeFlags: process.env["BENCH_NODE_FLAGS"]?.split(" ") ?? [],
    environment: {
      ...{ ROLLCALL_LOG_LEVEL: "error", ROLLCALL_HTTP_RATE_MAX: "1000000", ROLLCALL_PARTITIONS: String(PARTITIONS) },
      ...{ ROLLCALL_LISTENERS: `node_registry=${registry}`, ...environment },
    },
  });
  const url = `http://127.0.0.1:${registry}`;
  await waitUntil(() => register(url), { what: "a registry that takes nodes", timeoutMs: 60_000 });
  return { program, url };
}

async function register(url: string): Promise<void> {
  const headers = { "content-type": "application/json" };
  const answer = await fetch(`${url}/api/v1/nodes/register`, { method: "POST", headers, body: JSON.stringify(SEED) });
  if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
}

/** On Kafka and Postgres. */
export async function onKafka<Result>(services: ServiceAddresses, nodes: number, play: Play<Result>): Promise<Result> {
  const database = await freshDatabase(services.database);
  const namespace = `gateway${Date.now().toString(36)}`;
  const environment = { ...environmentOf({ ...services, database: database.url }), ROLLCALL_NAMESPACE: namespace };
  const pool = new pg.Pool({ connectionString: database.url, max: 1 });
  const query: Query = async (text, values) => (await pool.query(text, [...values])).rows;
  try {
    return await seeded(environment, play, query, () => seedNodes(query, nodes, PARTITIONS));
  } finally {
    await pool.end();
    await database.drop();
    await deleteTopics(services.kafka, `dev.${namespace}.`);
  }
}

/** Without any service: the store and the bus are in its process. */
export async function embedded<Result>(nodes: number, play: Play<Result>): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), "rollcall-bench-gateway-"));
  const noQuery: Query = () => Promise.reject(new Error("the store is the program's own"));
  try {
    return await seeded({ ROLLCALL_DATA_DIR: folder }, play, noQuery, async () => {
      const store = await PGlite.create(join(folder, "store", "data"));
      try {
        await seedNodes((text, values) => store.query(text, [...values]), nodes, PARTITIONS);
      } finally {
        await store.close();
      }
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Starts it for the node that is copied, and again with all of them. */
async function seeded<Result>(
  environment: Readonly<Record<string, string>>,
  play: Play<Result>,
  query: Query,
  seed: () => Promise<void>,
): Promise<Result> {
  const contracts = copyContracts(join(ROOT, "contracts/node-registry"), EDITS);
  const programs: Program[] = [];
  const start = async (): Promise<Registry> => {
    const { program, url } = await startRegistry(contracts.dir, environment);
    programs.push(program);
    return { url, pid: program.pid, query, another: start };
  };
  try {
    await start();
    await programs.pop()?.stop();
    await seed();
    return await play(await start());
  } finally {
    await Promise.all(programs.map((program) => program.stop()));
    contracts.remove();
  }
}

/** The hand-written program, on the same Postgres. */
export async function plain<Result>(services: ServiceAddresses, nodes: number, play: Play<Result>): Promise<Result> {
  const database = await freshDatabase(services.database);
  const { port } = await freePorts(["port"]);
  const child = spawn(process.execPath, ["--import", "./bench/typescript.mjs", "bench/node-registry/plain.ts"], {
    cwd: ROOT,
    env: { ...process.env, DATABASE_URL: database.url, PORT: String(port) },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "exit");
  const pool = new pg.Pool({ connectionString: database.url, max: 1 });
  const query: Query = (text, values) => pool.query(text, [...values]);
  try {
    const ready = once(child.stdout, "data");
    const early = ended.then(() => Promise.reject(new Error("the plain program ended before it was ready")));
    await Promise.race([ready, early]);
    early.catch(() => {});
    await seedPlain(query, nodes);
    const url = `http://127.0.0.1:${port}`;
    const another = () => Promise.reject(new Error("there is one only"));
    return await play({ url, pid: child.pid ?? 0, query, another });
  } finally {
    child.kill("SIGTERM");
    await ended;
    await pool.end();
    await database.drop();
  }
}
