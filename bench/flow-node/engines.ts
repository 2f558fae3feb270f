import { spawn } from "node:child_process";
import { once } from "node:events";
import pg from "pg";
import { partitionOf } from "../../runtime/core/murmur2.ts";
import { copyContracts } from "../../test/blackbox/contracts-copy.ts";
import { startProgram } from "../../test/blackbox/program.ts";
import { freePorts } from "../../test/real/services/free-ports.ts";
import { freshDatabase } from "../../test/real/services/fresh-database.ts";
import { environmentOf, type ServiceAddresses } from "../../test/real/services/service-addresses.ts";
import { waitUntil } from "../../test/real/services/wait-until.ts";
import { ROOT } from "../../test/tidy/sources.ts";
import { deleteTopics } from "../kafka-load.ts";
import { flowsOf } from "./flows.ts";

const PARTITIONS = 12;
const SEED = "seed";
export const seededName = (number: number): string => `flows-${number}.example.com`;

export interface Engine {
  readonly url: string;
  readonly pid: number;
}
type Play<Result> = (engine: Engine) => Promise<Result>;

/** Leases of an hour: none ends meanwhile. And nobody is told to wait. */
const EDITS = [
  ["orchestrator", "after: { longer_than: 300s }", "after: 1h"],
  ["orchestrator", "renewed_for: { longer_than: 300s }", "renewed_for: 1h"],
  ["http", "rate_limit: { max: 6000, window: 1m }", "rate_limit: { max: 1000000, window: 1m }"],
] as const;

export async function send(url: string, method: string, path: string, body: object): Promise<void> {
  const headers = { "content-type": "application/json" };
  const answer = await fetch(url + path, { method, headers, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
}

/** On Kafka and Postgres, with so many nodes of so many flows. */
export async function onKafka<Result>(
  services: ServiceAddresses,
  { nodes, flows }: { readonly nodes: number; readonly flows: number },
  play: Play<Result>,
): Promise<Result> {
  const database = await freshDatabase(services.database);
  const namespace = `flows${Date.now().toString(36)}`;
  const contracts = copyContracts(`${ROOT}/contracts/flow-node`, EDITS);
  const pool = new pg.Pool({ connectionString: database.url, max: 1 });
  const start = async () => {
    const { registry } = await freePorts(["registry"]);
    const program = await startProgram({
      command: ["start", "--module", "flow_nodes", "--contracts", contracts.dir],
      nodeFlags: process.env["BENCH_NODE_FLAGS"]?.split(" ") ?? [],
      environment: {
        ...environmentOf({ ...services, database: database.url }),
        ...{ ROLLCALL_NAMESPACE: namespace, ROLLCALL_LOG_LEVEL: "error", ROLLCALL_HTTP_RATE_MAX: "1000000" },
        ...{ ROLLCALL_PARTITIONS: String(PARTITIONS), ROLLCALL_LISTENERS: `flow_registry=${registry}` },
        FLOW_NODES_ASK_EVERY: "off",
      },
    });
    const url = `http://127.0.0.1:${registry}`;
    const ready = () => send(url, "POST", "/register", { node: SEED });
    await waitUntil(ready, { what: "a registry that takes nodes", timeoutMs: 60_000 });
    return { program, url };
  };
  try {
    const first = await start();
    await send(first.url, "POST", "/connect", { node: SEED, flows: flowsOf(flows) });
    await first.program.stop();
    await seed(pool, nodes);
    const { program, url } = await start();
    try {
      return await play({ url, pid: program.pid });
    } finally {
      await program.stop();
    }
  } finally {
    await pool.end();
    await database.drop();
    contracts.remove();
    await deleteTopics(services.kafka, `dev.${namespace}.`);
  }
}

/** The node that was connected, under other names, as the shell writes them. */
async function seed(pool: pg.Pool, nodes: number): Promise<void> {
  const names = Array.from({ length: nodes }, (_, index) => seededName(index + 1));
  const given = [names, names.map((name) => partitionOf(name, PARTITIONS))];
  const copies = "unnest($1::text[], $2::int[]) as c(id, partition)";
  await pool.query(
    `insert into rollcall.entity select r.* from rollcall.entity e, ${copies},
       lateral jsonb_populate_record(e,
         jsonb_build_object('partition', c.partition, 'entity_id', c.id, 'last_line', 0)) r
      where e.domain = 'flow_node' and e.entity_id = '${SEED}'`,
    given,
  );
  await pool.query(
    `insert into rollcall.entity_data (domain, partition, entity_id, data)
     select e.domain, c.partition, c.id, e.data from rollcall.entity_data e, ${copies}
      where e.domain = 'flow_node' and e.entity_id = '${SEED}'`,
    given,
  );
  await pool.query(
    `insert into rollcall_flow_node.nodes_v1 select r.* from rollcall_flow_node.nodes_v1 n, ${copies},
       lateral jsonb_populate_record(n, jsonb_build_object('node', c.id)) r where n.node = '${SEED}'`,
    given,
  );
  for (const table of ["rollcall.entity", "rollcall.entity_data", "rollcall_flow_node.nodes_v1"])
    await pool.query(`vacuum analyze ${table}`);
}

/** The hand-written program, on the same Postgres. */
export async function plain<Result>(
  services: ServiceAddresses,
  { nodes, flows }: { readonly nodes: number; readonly flows: number },
  play: Play<Result>,
): Promise<Result> {
  const database = await freshDatabase(services.database);
  const { port } = await freePorts(["port"]);
  const child = spawn(process.execPath, ["--import", "./bench/typescript.mjs", "bench/flow-node/plain.ts"], {
    cwd: ROOT,
    env: { ...process.env, DATABASE_URL: database.url, PORT: String(port) },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "exit");
  const pool = new pg.Pool({ connectionString: database.url, max: 1 });
  try {
    const early = ended.then(() => Promise.reject(new Error("the plain program ended before it was ready")));
    await Promise.race([once(child.stdout, "data"), early]);
    early.catch(() => {});
    const names = Array.from({ length: nodes }, (_, index) => seededName(index + 1));
    await pool.query("insert into nodes select name, now(), now(), $2::jsonb from unnest($1::text[]) as name", [
      names,
      JSON.stringify(flowsOf(flows)),
    ]);
    await pool.query("vacuum analyze nodes");
    return await play({ url: `http://127.0.0.1:${port}`, pid: child.pid ?? 0 });
  } finally {
    child.kill("SIGTERM");
    await ended;
    await pool.end();
    await database.drop();
  }
}
