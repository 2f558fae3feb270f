import { execFile } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Client } from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { partitionOf } from "../../runtime/core/murmur2.ts";
import { describeReal } from "../real/services/describe-real.ts";
import { freshDatabase, type FreshDatabase } from "../real/services/fresh-database.ts";
import { freshNamespace } from "../real/services/fresh-namespace.ts";
import { environmentOf, type ServiceAddresses } from "../real/services/service-addresses.ts";
import { startTcpProxy, type TcpProxy } from "../real/services/tcp-proxy.ts";
import { waitUntil } from "../real/services/wait-until.ts";
import { sendTo, stateIn } from "./domain-requests.ts";
import { type Program, startProgram } from "./program.ts";
import { contractsCopy, deadlinesOf } from "./registration/contracts-copy.ts";
import { getJson } from "./world.ts";

const ROLLCALL = fileURLToPath(new URL("../../dist/app/rollcall.js", import.meta.url));
const PARTITIONS = 4;
const TEST_MS = 180_000;
/** What is asked of a process that hears nothing any more, before and after it says so. */
const UNHEARD_MS = 60_000;
const NORMAL_MS = 20_000;
const TROUBLE = "NOTICES_UNHEARD";

interface Trouble {
  readonly code: string;
  readonly remedy: string;
}

const troublesOf = async ({ url }: Program): Promise<readonly Trouble[]> =>
  (await getJson<{ readonly troubles: readonly Trouble[] }>(`${url}/health/ready`))?.troubles ?? [];

const doctor = ({ url }: Program): Promise<string> =>
  new Promise((resolve) => {
    const env = { PATH: process.env["PATH"], ROLLCALL_URL: url };
    execFile(process.execPath, [ROLLCALL, "doctor"], { env }, (_, out) => resolve(out));
  });

/** What a program has logged of the trouble. */
const logged = (program: Program): readonly string[] =>
  program
    .said()
    .split("\n")
    .filter((line) => line.includes(`"trouble":"${TROUBLE}"`))
    .map((line) => /"msg":"(ended|still)?/.exec(line)?.[1] ?? "began");

/** Sends a node's introspection through a process, and waits there for what becomes of it. */
async function ask({ url }: Program, node_id: string): Promise<{ readonly ms: number; readonly answer: string }> {
  const sentMs = performance.now();
  const response = await fetch(`${url}/api/v1/events?wait=active&timeout=30s`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ payload_type: "NodeIntrospectionEvent", payload: { node_id, node_type: "effect" } }),
  });
  const { state } = (await response.json()) as { readonly state?: string };
  return { ms: performance.now() - sentMs, answer: `${response.status} ${state}` };
}

/** A node for each process whose partition is the other one's, both active. */
async function activeNodes(programs: readonly Program[], sql: Client): Promise<readonly string[]> {
  const { rows } = await sql.query<{ partition: number; owner: string }>(
    `select partition, owner from rollcall.partition_owner where domain = 'registration'`,
  );
  const names = Array.from({ length: 100 }, (_, nth) => `node-${nth}`);
  const nodes = programs.map(({ pid }) => {
    const ofOther = rows.filter(({ owner }) => owner !== "" && !owner.includes(`:${pid}:`));
    return names.find((name) => ofOther.some(({ partition }) => partition === partitionOf(name, PARTITIONS))) ?? "";
  });
  for (const [nth, node_id] of nodes.entries()) {
    const { url } = programs[nth] as Program;
    await sendTo(url, "registration", "NodeIntrospectionEvent", { node_id, node_type: "effect" });
    const reaches = (state: string) =>
      waitUntil(async () => expect(await stateIn(url, "registration", node_id)).toBe(state), {
        what: `${node_id} in ${state}`,
        timeoutMs: 30_000,
      });
    await reaches("AWAITING_ACK");
    await sendTo(url, "registration", "NodeRegistrationAcked", { node_id });
    await reaches("ACTIVE");
  }
  return nodes;
}

/** Asks both processes each second; `phase` names what happens meanwhile. */
class Questions {
  readonly #asked: Promise<{ readonly phase: string; readonly ms: number; readonly answer: string }>[] = [];
  readonly #timer: NodeJS.Timeout;
  phase = "heard";

  constructor(programs: readonly Program[], nodes: readonly string[]) {
    this.#timer = setInterval(() => {
      const { phase } = this;
      for (const [nth, program] of programs.entries())
        this.#asked.push(ask(program, nodes[nth] ?? "").then((answer) => ({ phase, ...answer })));
    }, 1_000);
  }

  /** @returns the answers that came; prints how long they took */
  async end(): Promise<readonly string[]> {
    clearInterval(this.#timer);
    const all = await Promise.all(this.#asked);
    for (const phase of new Set(all.map((each) => each.phase))) {
      const ms = all.flatMap((each) => (each.phase === phase ? [Math.round(each.ms)] : [])).sort((a, b) => a - b);
      console.info(`${phase}: ${ms.length} answers, median ${ms[ms.length >> 1]} ms, longest ${ms.at(-1)} ms`);
    }
    return all.map(({ answer }) => answer);
  }
}

/** Two processes that LISTEN through a proxy each. */
async function startBoth(services: ServiceAddresses, database: string, proxies: readonly TcpProxy[]) {
  const contracts = contractsCopy(...deadlinesOf("30s", "10m"));
  const namespace = freshNamespace();
  const programs: Program[] = [];
  for (const { port } of proxies) {
    const listenUrl = new URL(database);
    listenUrl.port = String(port);
    const environment = {
      ...{ ...environmentOf(services), DATABASE_URL: database, DATABASE_LISTEN_URL: listenUrl.href },
      ...{ ROLLCALL_NAMESPACE: namespace, ROLLCALL_PARTITIONS: String(PARTITIONS) },
    };
    programs.push(await startProgram({ environment, contractsDir: contracts.dir }));
  }
  contracts.remove();
  const owned = async ({ url }: Program) =>
    (await getJson<{ parts: { partitions: { owned: number } } }>(`${url}/health/ready`))?.parts.partitions.owned;
  await waitUntil(async () => expect(await Promise.all(programs.map(owned))).toEqual([2, 2]), {
    what: "both processes with their share",
    timeoutMs: 60_000,
  });
  return programs;
}

const eachSays = async (programs: readonly Program[], codes: readonly string[], timeoutMs: number): Promise<void> => {
  for (const program of programs)
    await waitUntil(async () => expect((await troublesOf(program)).map(({ code }) => code)).toEqual(codes), {
      what: `troubles: ${codes.join() || "none"}`,
      timeoutMs,
    });
};

/** Of this database. */
const END_LISTENERS = `select pg_terminate_backend(pid) from pg_stat_activity
  where application_name = 'rollcall listen' and datname = current_database()`;

describeReal("two processes of which none hears the other", (services) => {
  let database: FreshDatabase;
  let sql: Client;
  let frozen: TcpProxy;
  let refused: TcpProxy;
  let programs: readonly Program[] = [];
  beforeAll(async () => {
    database = await freshDatabase(services.database);
    sql = new Client({ connectionString: database.url });
    await sql.connect();
    const port = Number(new URL(database.url).port);
    [frozen, refused] = [await startTcpProxy(port), await startTcpProxy(port)];
    programs = await startBoth(services, database.url, [frozen, refused]);
  });
  afterAll(async () => {
    await Promise.all(programs.map((program) => program.stop()));
    await Promise.all([frozen.close(), refused.close(), sql.end()]);
    await database.drop();
  });

  it("answer all the same, say so while it lasts, and hear again", { timeout: TEST_MS }, async () => {
    const questions = new Questions(programs, await activeNodes(programs, sql));
    await sleep(3_000);
    questions.phase = "ended by the server each second";
    for (let times = 0; times < 8; times++) {
      await sql.query(END_LISTENERS);
      await sleep(1_000);
    }
    await eachSays(programs, [], NORMAL_MS);

    questions.phase = "frozen, and refused";
    for (const direction of ["to client", "to target"] as const) frozen.hold(direction);
    await refused.close();
    await eachSays(programs, [TROUBLE], UNHEARD_MS);
    for (const program of programs) {
      expect((await troublesOf(program))[0]?.remedy).toContain("DATABASE_LISTEN_URL");
      expect(await doctor(program)).toContain("DATABASE_LISTEN_URL");
    }
    await sleep(3_000);

    questions.phase = "answered again";
    frozen.release();
    refused = await startTcpProxy(Number(new URL(database.url).port), refused.port);
    await eachSays(programs, [], NORMAL_MS);
    for (const program of programs)
      await waitUntil(async () => expect(logged(program)).toEqual(["began", "ended"]), {
        what: "a line for each change",
        timeoutMs: NORMAL_MS,
      });
    const answers = await questions.end();
    expect(answers).toEqual(answers.map(() => "200 ACTIVE"));
  });
});
