import { execFile, spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SHIPPED_CONTRACTS } from "../../app/modules/shipped.ts";
import { PgliteStore } from "../../runtime/adapters/pglite/pglite-store.ts";
import { initializeStore } from "../initialized-store.ts";
import { HttpBench, lasting } from "./registration/http-bench.ts";

const PROGRAM = fileURLToPath(new URL("../../dist/app/rollcall.js", import.meta.url));

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}
let bench: HttpBench;
let folder: string;

const environment = (more: Record<string, string> = {}) => ({
  PATH: process.env["PATH"],
  ROLLCALL_URL: bench.url,
  ...more,
});
const rollcall = (args: string, more: Record<string, string> = {}): Promise<Ran> =>
  new Promise((resolve) => {
    const words = args.split(" ").filter((word) => word !== "");
    execFile(process.execPath, [PROGRAM, ...words], { env: environment(more) }, (error, out, err) =>
      resolve({ code: error ? Number(error.code) : 0, out, err }),
    );
  });

/** Stays in AWAITING_ACK until the ack deadline, for half a minute. */
async function waitingNode(nodeId: string): Promise<void> {
  await bench.publish("NodeIntrospectionEvent", { node_id: nodeId, node_type: "compute" });
  await bench.until(nodeId, "AWAITING_ACK");
}

beforeAll(async () => {
  bench = await HttpBench.open(lasting);
  folder = mkdtempSync(join(tmpdir(), "rollcall-cli-"));
  await bench.activeNode("cli-1", { endpoints: ["http://10.0.0.1:8080"], node_name: "Ada \u202e" });
  await waitingNode("cli-2");
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await bench.close();
});

describe("rollcall nodes", () => {
  it("lists nodes as a table or as JSON", async () => {
    const { code, out } = await rollcall("nodes list");
    expect(code).toBe(0);
    expect(out).toMatch(/^NODE +TYPE +STATE/);
    expect(out).toMatch(/^cli-1 +effect +ACTIVE .*liveness in .*http:\/\/10\.0\.0\.1:8080$/m);
    expect(out).not.toMatch(/\x1b\[/);
    const listed = JSON.parse((await rollcall("nodes list --state AWAITING_ACK --json")).out) as { node_id: string }[];
    expect(listed.map(({ node_id }) => node_id)).toEqual(["cli-2"]);
    expect((await rollcall("nodes list --query nobody")).out).toBe("no nodes\n");
  });

  it("shows one with its timeline, without characters that change the writing direction", async () => {
    const { out } = await rollcall("nodes show cli-1");
    expect(out).toContain("ACTIVE since");
    expect(out).toContain("-> NodeBecameActive on dev.onex.evt.node-became-active.v1");
    expect(out).not.toContain("\u202e");
    expect(await rollcall("nodes show nobody")).toMatchObject({
      code: 1,
      err: expect.stringContaining("no node nobody"),
    });
  });

  it("watches events until it is interrupted", async () => {
    const watch = spawn(process.execPath, [PROGRAM, "nodes", "watch", "cli-3", "--json"], { env: environment() });
    let out = "";
    watch.stdout.on("data", (data: Buffer) => (out += data.toString()));
    const exit = new Promise<number | null>((resolve) => watch.on("exit", resolve));
    // The watcher prints nothing when it is connected, so events are published until it prints one.
    for (let node = 0; !out.includes("NodeBecameActive"); node++) {
      if (node > 0) await bench.publish("NodeDeregister", { node_id: "cli-3" }, "?wait=active");
      await bench.activeNode("cli-3");
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
    watch.kill("SIGINT");
    expect(await exit).toBe(0);
    for (const line of out.trim().split("\n"))
      expect(JSON.parse(line)).toMatchObject({ payload: { node_id: "cli-3" } });
  });
});

describe("rollcall explain", () => {
  it("explains in one paragraph why a node is not ACTIVE", async () => {
    await waitingNode("cli-4");
    const { code, out } = await rollcall("explain cli-4");
    expect(code).toBe(0);
    expect(out.trim().split("\n")).toHaveLength(1);
    expect(out).toMatch(/^cli-4 is AWAITING_ACK .*deadline ack .*NodeRegistrationAcked/);
    expect(JSON.parse((await rollcall("explain cli-4 --json")).out)).toMatchObject({ state: "AWAITING_ACK" });
    expect((await rollcall("explain nobody")).code).toBe(1);
  });
});

describe("rollcall dlq", () => {
  it("lists, shows, retries and drops", async () => {
    const { topic } = bench.system.domain.consumed[0] as { topic: string };
    const message = { topic, partition: 0, key: Buffer.from("cli-bad"), value: Buffer.from("{"), headers: {} };
    await bench.system.bus.publish([message], { timeoutMs: 5_000 });
    const letters = async () => JSON.parse((await rollcall("dlq list --json")).out) as { id: string }[];
    await expect.poll(async () => (await letters()).length, { timeout: 15_000 }).toBe(1);
    const [{ id }] = (await letters()) as [{ id: string }];

    expect((await rollcall("dlq list")).out).toMatch(/MALFORMED_JSON .*cli-bad/);
    expect((await rollcall(`dlq show ${id}`)).out).toMatch(/^MALFORMED_JSON: [^]*\{\n$/);
    expect(await rollcall(`dlq retry ${id}`)).toMatchObject({ code: 0, out: `${id} done\n` });
    await expect.poll(async () => (await letters()).length, { timeout: 15_000 }).toBe(1);
    expect(await rollcall("dlq drop --all")).toMatchObject({ code: 0 });
    expect((await rollcall("dlq list")).out).toBe("no dead letters\n");
    expect(await rollcall(`dlq drop ${id} ${id}`)).toMatchObject({ code: 1, out: expect.stringContaining("refused") });
    expect(await rollcall("dlq retry")).toMatchObject({ code: 2, err: expect.stringContaining("--all") });
  });
});

describe("rollcall doctor", () => {
  it("has no findings for a healthy system, and lists what the expiry guard covers", async () => {
    const { code, out } = await rollcall("doctor");
    expect(out).not.toContain("FINDING");
    expect(out).toMatch(/ok +expiry guard .*in force: ACTIVE from 30 % and 5 on/);
    expect(code).toBe(0);
  });

  it("reports a server that does not answer, with a remedy", async () => {
    const { code, out } = await rollcall("doctor --url http://127.0.0.1:9");
    expect([code, out]).toEqual([1, expect.stringMatching(/FINDING.*rollcall start/)]);
  });
});

describe("rollcall validate and graph", () => {
  it("reports no problems of the shipped contracts", async () => {
    expect(await rollcall("validate")).toMatchObject({ code: 0, out: expect.stringContaining("no problems") });
    expect(await rollcall("validate --json")).toMatchObject({ code: 0, out: "[]\n" });
  });

  it("reports errors with line and column", async () => {
    const dir = join(folder, "wrong");
    cpSync(SHIPPED_CONTRACTS, dir, { recursive: true });
    const file = join(dir, "orchestrator.yaml");
    writeFileSync(
      file,
      readFileSync(file, "utf8").replace("after: 30s", "after: soon").replace("action: time_out", "acton: time_out"),
    );
    const text = await rollcall(`validate ${dir}`);
    expect(text.code).toBe(1);
    expect(text.out).toMatch(/orchestrator\.yaml:\d+:\d+ +error +RC008/);
    const github = await rollcall(`validate ${dir} --format github`);
    expect(github.out).toMatch(/^::error file=.*orchestrator\.yaml,line=\d+/m);
    expect((JSON.parse((await rollcall(`validate ${dir} --format json`)).out) as unknown[]).length).toBeGreaterThan(1);
    expect((await rollcall(`graph ${dir}`)).code).toBe(1);
    expect((await rollcall("validate --format yaml")).code).toBe(2);
  });

  it("draws the state machines and the message flow", async () => {
    expect((await rollcall("graph")).out).toMatch(/```mermaid\nstateDiagram-v2/);
    expect(Object.keys(JSON.parse((await rollcall("graph --format xstate")).out) as object)).toEqual([
      "orchestrator_fsm",
      "registration_fsm",
    ]);
    expect(JSON.parse((await rollcall("graph --json")).out)).toMatchObject({ domain: "registration" });
  });
});

describe("rollcall check", () => {
  it("explores the shipped contracts, and prints how many states it visited", async () => {
    const { code, out } = await rollcall("check");
    expect(code).toBe(0);
    expect(out).toMatch(/: [\d,]+ states visited by [\d,]+ transitions in \d+\.\d s: no problems\n/);
  }, 120_000);

  it("prints the shortest sequence that leads to a violation", async () => {
    const dir = join(folder, "unsettled");
    cpSync(SHIPPED_CONTRACTS, dir, { recursive: true });
    const file = join(dir, "orchestrator.yaml");
    writeFileSync(file, readFileSync(file, "utf8").replace("eventually: [ACTIVE, REJECTED,", "eventually: [ACTIVE,"));
    const text = await rollcall(`check ${dir} --states 300`);
    expect(text.code).toBe(1);
    expect(text.out).toMatch(/orchestrator\.yaml:\d+:\d+ +error +RC206 +every_attempt_settles does not hold/);
    expect(text.out).toMatch(
      /^ +0\.002 s +failed\(\S+\) +REJECTED +idle +NodeRegistrationRejected, -> consul.deregister/m,
    );
    expect(text.out).toMatch(/more than 300 states/);
    const github = await rollcall(`check ${dir} --states 300 --format github`);
    expect(github.out).toMatch(/^::error file=.*orchestrator\.yaml,line=\d+.*RC206.*%0A/m);
    const json = JSON.parse((await rollcall(`check ${dir} --states 300 --json`)).out) as { states: number };
    expect(json).toMatchObject({
      states: 300,
      diagnostics: [{ code: "RC206" }, { timeline: [{}, { reducer: "idle" }] }],
    });
  }, 120_000);

  it("does not explore invalid contracts, and refuses wrong usage", async () => {
    const dir = join(folder, "refused");
    cpSync(SHIPPED_CONTRACTS, dir, { recursive: true });
    rmSync(join(dir, "orchestrator.yaml"));
    const { code, out } = await rollcall(`check ${dir}`);
    expect(code).toBe(1);
    expect(out).toMatch(/RC109[^]*so nothing was explored/);
    expect((await rollcall("check --states none")).code).toBe(2);
  });
});

describe("rollcall migrate and offsets", () => {
  it("migrate leaves the embedded tables to start, and offsets need both services", async () => {
    expect(await rollcall("migrate")).toMatchObject({ code: 0, out: expect.stringContaining("rollcall start") });
    expect(await rollcall("offsets reset")).toMatchObject({ code: 1, err: expect.stringContaining("real mode") });
    const unreachable = await rollcall("migrate", { DATABASE_URL: "postgres://me:hunter2@127.0.0.1:9/x" });
    expect(unreachable.code).toBe(1);
    expect(unreachable.err).not.toContain("hunter2");
  });
});

describe("rollcall start", () => {
  it("refuses a data folder from before the first release, with a remedy", async () => {
    const data = join(folder, "former");
    await initializeStore(data);
    const store = await PgliteStore.open({ directory: join(data, "store") });
    const former = readFileSync(new URL("../adapters/fixtures/before-first-release.sql", import.meta.url), "utf8");
    await store.transaction((tx) => store.script(tx, former));
    await store.close();
    const { code, err } = await rollcall("start", { ROLLCALL_DATA_DIR: data, ROLLCALL_HTTP_PORT: "0" });
    expect(code).toBe(1);
    expect(err).toMatch(
      /^rollcall: this store was created .* runtime\/0001_runtime\.sql.* ROLLCALL_DATA_DIR to another/,
    );
  });
});

describe("wrong usage", () => {
  it.each(["", "nothing", "nodes list --limit none", "nodes list --type robot", "explain"])(
    "rollcall %s exits with 2",
    async (args) => {
      expect((await rollcall(args)).code).toBe(2);
    },
  );

  it("an unreachable server is an error that names --url", async () => {
    const { code, err } = await rollcall("nodes list --url http://127.0.0.1:9");
    expect([code, err]).toEqual([1, expect.stringMatching(/rollcall start.*ROLLCALL_URL/)]);
    expect((await rollcall("nodes list --url ftp://x")).code).toBe(1);
  });
});
