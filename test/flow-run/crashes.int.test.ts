import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { living } from "../../effects/process/process-tree.ts";
import { type Program, startProgram } from "../blackbox/program.ts";
import { initializeStore } from "../initialized-store.ts";

const folder = mkdtempSync(join(tmpdir(), "rollcall-crashes-"));
const FIELDS = { source: "s", description: "d", author: "a", organization: "o", published: "p", release: "r" };
/** Each begin of a run leaves a line. */
const begun = (then: string): readonly string[] => [
  ...[process.execPath, "--input-type=commonjs", "--eval"],
  `const lines = require("node:readline").createInterface({ input: process.stdin });
   lines.on("line", (line) => { const { fid, answer } = JSON.parse(line);
     if (fid) require("node:fs").appendFileSync(${JSON.stringify(join(folder, "begun"))}, fid + "\\n");
     if (answer) { console.log(JSON.stringify({ result: answer.result })); process.exit(0); }
     ${then} });`,
];
const SCOPE = {
  node: "crashes.example",
  concurrency: 20,
  flows: [
    { path: "quick", name: "Quick", ...FIELDS, run: begun("process.exit(0)") },
    { path: "sleeps", name: "Sleeps", ...FIELDS, run: begun("setInterval(() => {}, 1000)") },
    { path: "asks", name: "Asks", ...FIELDS, run: begun(`if (fid) console.log('{"lock": {"lid": "a"}}')`) },
  ],
};
const scope = join(folder, "scope.yaml");
writeFileSync(scope, JSON.stringify(SCOPE));

let program: Program | undefined;
let data = "";
afterEach(async () => {
  await program?.kill();
  rmSync(join(folder, "begun"), { force: true });
});

async function start(more: Readonly<Record<string, string>> = {}): Promise<void> {
  const environment = { ROLLCALL_DATA_DIR: data, ROLLCALL_PARTITIONS: "2", ...more };
  program = await startProgram({ environment, command: ["flow-node", "--scope", scope] });
}
async function startNew(more: Readonly<Record<string, string>> = {}): Promise<void> {
  data = mkdtempSync(join(folder, "data-"));
  await initializeStore(data);
  await start(more);
}

interface Run {
  readonly fid: string;
  readonly path: string;
  readonly state: string;
  readonly error: { readonly code: string } | null;
}
async function ask<Body>(method: string, path: string, body?: object): Promise<Body> {
  const response = await fetch((program?.url ?? "") + path, {
    method,
    ...(body && { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
  });
  const text = await response.text();
  return (text === "" ? {} : JSON.parse(text)) as Body;
}
const launch = async (path: string): Promise<string> => (await ask<{ fid: string }>("POST", "/flow", { path })).fid;
const state = async (fid: string): Promise<string> => (await ask<Run>("GET", `/${fid}/state`)).state;
const runs = async (): Promise<readonly Run[]> => (await ask<{ runs: Run[] }>("GET", "/flow?pp=200")).runs;
const begins = (): readonly string[] =>
  existsSync(join(folder, "begun")) ? readFileSync(join(folder, "begun"), "utf8").trim().split("\n") : [];
const alive = (): readonly number[] =>
  living({ mark: `${readFileSync(join(data, "flow-runs", "node-id"), "utf8").trim()}/` });

async function expectEachOnce(): Promise<void> {
  // What still asks, or sleeps, was begun after the crash, for the first time.
  await expect
    .poll(async () => (await runs()).filter((run) => run.state === "pending" && run.path === "quick"))
    .toEqual([]);
  const once = begins();
  expect(new Set(once).size).toBe(once.length);
  for (const { path, error } of await runs()) if (path === "quick" && error) expect(error.code).toBe("lost");
}

describe("a node that is killed", () => {
  it("loses what went on, says so, begins nothing twice, and leaves no process", async () => {
    await startNew();
    const [sleeps, asks, answered] = await Promise.all(["sleeps", "asks", "asks"].map(launch));
    for (const fid of [asks, answered]) await expect.poll(() => state(fid ?? "")).toBe("locked");
    await expect.poll(() => begins()).toContain(sleeps);
    const ended = await launch("quick");
    await expect.poll(() => state(ended)).toBe("done");
    const burst = Promise.allSettled(Array.from({ length: 12 }, () => launch("quick")));
    await ask("PUT", `/${answered}/lock`, { lid: "a", result: 1 });
    await program?.kill();
    await burst;
    await start();
    for (const fid of [sleeps, asks]) await expect.poll(() => state(fid ?? "")).toBe("error");
    await expectEachOnce();
    const all = await runs();
    const codes = all.filter(({ path }) => path !== "quick").map(({ fid, error }) => [fid, error?.code ?? "done"]);
    expect(Object.fromEntries(codes)).toMatchObject({ [sleeps ?? ""]: "lost", [asks ?? ""]: "lost" });
    expect(all.find(({ fid }) => fid === ended)?.state).toBe("done");
    await expect.poll(alive).toEqual([]);
    expect(statSync(data).mode & 0o077).toBe(0);
  });

  // Committed, and not begun; begun, and that is not known.
  it.each(["C3", "C9"])("at %s begins nothing twice, and ends everything", async (point) => {
    await startNew({ ROLLCALL_FAILPOINT: `${point}:exit` });
    await launch("quick").catch(() => undefined);
    await launch("quick").catch(() => undefined);
    await program?.ended;
    await start();
    await expectEachOnce();
    await expect.poll(alive).toEqual([]);
  });
});

describe("a node that is stopped", () => {
  it("ends its runs, and tells so", async () => {
    await startNew();
    const fid = await launch("sleeps");
    await expect.poll(() => begins()).toContain(fid);
    const processes = alive();
    expect((await program?.stop())?.code).toBe(0);
    expect(processes.length).toBeGreaterThan(0);
    expect(alive()).toEqual([]);
    await start();
    expect(await ask("GET", `/${fid}/state`)).toMatchObject({ state: "error", error: { code: "stopped" } });
  });
});
