import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { copyContracts } from "../blackbox/contracts-copy.ts";
import { type Program, startProgram } from "../blackbox/program.ts";
import { freePorts } from "../real/services/free-ports.ts";
import { waitUntil } from "../real/services/wait-until.ts";
import { ROOT } from "../tidy/sources.ts";
import { pythonWithPackage, run } from "./python.ts";

const found = pythonWithPackage();
const { python, wheel } = "python" in found ? found : { python: "", wheel: "" };
/** A beat a second, instead of one every half minute. */
const LEASE = [
  ["orchestrator", "after: 90s", "after: 3s"],
  ["orchestrator", "renewed_for: 90s", "renewed_for: 3s"],
] as const;

interface Told {
  readonly stale: boolean;
  readonly since: string;
  readonly why: string | null;
  readonly nodes: readonly { readonly node_id: string; readonly status: string; readonly last_heartbeat: string }[];
  readonly changes: readonly boolean[];
}

/** A program of Python; what it says on standard error is kept. */
function startPython(...args: readonly string[]) {
  // Not where the sources are: what is imported is what was installed.
  const child = spawn(python, args, { cwd: tmpdir(), stdio: ["pipe", "pipe", "pipe"] });
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => (said += String(chunk)));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ask = async (): Promise<Told> => {
    child.stdin.write("\n");
    return JSON.parse(String((await lines.next()).value)) as Told;
  };
  return { child, ask, ended: once(child, "exit"), said: () => said };
}

describe.skipIf(python === "")("the wheel", () => {
  const folder = mkdtempSync(join(tmpdir(), "node-wheel-"));
  const contracts = copyContracts(join(ROOT, "contracts/node-registry"), LEASE);
  const children: ChildProcess[] = [];
  let url: string;
  let start: () => Promise<Program>;
  let registry: Program;

  beforeAll(async () => {
    const { port } = await freePorts(["port"]);
    url = `http://127.0.0.1:${port}`;
    start = () =>
      startProgram({
        command: ["start", "--module", "node_registry", "--contracts", contracts.dir],
        environment: { ROLLCALL_DATA_DIR: join(folder, "data"), ROLLCALL_LISTENERS: `node_registry=${port}` },
      });
    registry = await start();
  });
  afterAll(async () => {
    for (const child of children) child.kill("SIGKILL");
    await registry?.stop();
    contracts.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  it("has the package, typed, and nothing else", async () => {
    const list = "import sys, zipfile; print(*sorted(zipfile.ZipFile(sys.argv[1]).namelist()), sep='\\n')";
    const names = (await run(python, ["-c", list, wheel])).stdout.trim().split("\n");
    expect(basename(wheel)).toMatch(/^rollcall_node-[\d.]+-py3-none-any\.whl$/);
    expect(names).toContain("rollcall_node/py.typed");
    expect(names.filter((name) => !/^rollcall_node(-[\d.]+\.dist-info)?\//.test(name))).toEqual([]);
    expect(existsSync(join(dirname(python), "rollcall-node-bootstrap"))).toBe(true);
  });

  it("keeps a node alive over a registry that is killed, and a list that says that it is old", async () => {
    const bootstrap = ["-m", "rollcall_node.bootstrap", "--role", "worker-node", "--registry-url", url];
    const daemon = startPython(...bootstrap, "--hostname", "h1", "--config-dir", join(folder, "id"), "--daemon");
    const client = startPython(join(ROOT, "test/node-registry/python/ask_when_told.py"), url);
    children.push(daemon.child, client.child);
    const beatenAfter = (time: string): Promise<Told> =>
      waitUntil(
        async () => {
          const told = await client.ask();
          expect(told).toMatchObject({ stale: false, nodes: [{ status: "online" }] });
          expect((told.nodes[0]?.last_heartbeat ?? "") > time).toBe(true);
          return told;
        },
        {
          ...{ what: "a beat", timeoutMs: 40_000 },
          hopeless: () => (daemon.child.exitCode === null ? undefined : daemon.said()),
        },
      );
    const good = await beatenAfter("2000");
    const [node] = good.nodes;

    await registry.kill();
    const kept = await client.ask();
    expect(kept).toMatchObject({ stale: true, nodes: [{ node_id: node?.node_id }], changes: [true] });
    expect(kept.since >= good.since).toBe(true);
    expect(kept.why).toContain("GET http://");
    await expect.poll(() => daemon.said()).toContain("no answer: POST");

    registry = await start();
    const again = await beatenAfter(new Date().toISOString());
    expect(again).toMatchObject({ nodes: [{ node_id: node?.node_id }], changes: [true, false] });
    await expect.poll(() => daemon.said().match(/alive as /g)).toHaveLength(2);
    expect(daemon.said()).not.toContain("registers again");

    daemon.child.kill("SIGTERM");
    expect(await daemon.ended).toEqual([0, null]);
    expect(await client.ask()).toMatchObject({ nodes: [{ status: "offline", silent: { why: "it said so" } }] });
    client.child.stdin.end();
    expect(await client.ended).toEqual([0, null]);
  });
});
