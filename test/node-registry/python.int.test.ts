import { existsSync, mkdtempSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { derivedNodeId } from "../../contracts/node-registry/messages/commands.ts";
import { byteServer, GOOD, json, NO_LISTS } from "./byte-server.ts";
import { ID_FILES } from "./id-files.ts";
import { pythonWithPackage, run } from "./python.ts";
import { type ServedRegistry, servedRegistry } from "./served-registry.ts";
import { ROOT } from "../tidy/sources.ts";

const found = pythonWithPackage();
const python = "python" in found ? found.python : "";
const script = (name: string): string => join(ROOT, "test/node-registry/python", name);

const folder = mkdtempSync(join(tmpdir(), "node-bootstrap-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.skipIf(python === "")("the Python client", () => {
  it("takes nothing for a list that is none, and keeps the last good one", async () => {
    const names = [...Object.keys(NO_LISTS), "an empty list"];
    const asked = new Map<string, number>();
    const server = await byteServer(({ headers }) => {
      const name = (headers.authorization ?? "").replace("Bearer ", "");
      asked.set(name, (asked.get(name) ?? 0) + 1);
      if (asked.get(name) === 1) return GOOD;
      return name === "an empty list" ? json([]) : NO_LISTS[name];
    });
    const { stdout, stderr, code } = await run(python, [script("ask_lists.py"), server.url, JSON.stringify(names)]);
    await server.close();
    expect([code, stderr]).toEqual([0, ""]);
    const told = JSON.parse(stdout) as Record<string, Record<string, unknown>>;
    for (const name of Object.keys(NO_LISTS))
      expect({ name, ...told[name] }).toEqual({
        ...{ name, good: [false, ["n1"]], kept: [true, ["n1"]], is_since_good: true, changes: [true] },
        why: expect.stringContaining("/api/v1/nodes"),
      });
    expect(told["an empty list"]).toMatchObject({ kept: [false, []], changes: [] });
  });
});

describe.skipIf(python === "")("the Python agent", () => {
  it("reads files with ids as the other one does, and derives the same ids", async () => {
    const pairs = [
      ["gpu-1", "inference-node"],
      ['Bücher "é" \\ 𝄞', "ünicode"],
    ] as const;
    const derived = pairs.map(([hostname, role]) => derivedNodeId(hostname, role));
    const files = ID_FILES(derived[0] ?? "");
    const asked = { derived: pairs, contents: files.map(({ content }) => content) };
    const { stdout, stderr } = await run(python, [script("read_id_files.py"), JSON.stringify(asked)]);
    expect(stderr).toBe("");
    expect(JSON.parse(stdout)).toEqual({
      derived,
      files: files.map(({ id, note }) => ({
        ...{ id: id ?? null, notes: note === undefined ? [] : [`${note}: it is written anew`], problems: [] },
        ...{ after: `${id ?? derived[0]}\n`, mode: "0o644" },
      })),
    });
  });
});

describe.skipIf(python === "")("a thousand Python daemons", () => {
  it("start apart, and come back apart when the registry was away for three minutes", async () => {
    const { stdout, stderr } = await run(python, [script("run_daemons.py"), "1000", "300", "480", "510"]);
    expect(stderr).toBe("");
    const asked = JSON.parse(stdout) as readonly number[];
    for (const [from, seconds] of [
      [0, 10],
      [480, 30],
    ] as const) {
      const slots = new Map<number, number>();
      const within = asked.filter((at) => at >= from && at < from + seconds);
      for (const at of within) slots.set(Math.floor(at * 2), (slots.get(Math.floor(at * 2)) ?? 0) + 1);
      expect(within.length).toBeGreaterThanOrEqual(1_000);
      expect(Math.max(...slots.values())).toBeLessThanOrEqual((2 * within.length) / (seconds * 2));
    }
  });
});

/** Both take the same flags, and do the same. */
const AGENTS = [
  {
    name: "rollcall node bootstrap",
    file: process.execPath,
    args: [join(ROOT, "dist/app/rollcall.js"), "node", "bootstrap"],
  },
  { name: "python3 -m rollcall_node.bootstrap", file: python, args: ["-m", "rollcall_node.bootstrap"] },
].filter(({ file }) => file !== "");

describe.each(AGENTS)("$name", ({ name, file, args }) => {
  let registry: ServedRegistry;
  beforeAll(async () => {
    registry = await servedRegistry();
  });
  afterAll(() => registry.close());
  let made = 0;
  const place = (): string => join(folder, `${name.split(" ")[0]}-${++made}`);
  const bootstrap = (config: string, ...more: readonly string[]) =>
    run(file, [...args, "--role", "worker-node", "--labels", "cpu, background-tasks", "--config-dir", config, ...more]);

  it("registers, keeps the id, beats once, and is the same node the next time", async () => {
    const config = place();
    const flags = ["--registry-url", registry.url, "--hostname", "h1"];
    expect((await bootstrap(config, ...flags)).code).toBe(0);
    const id = readFileSync(join(config, "node_id"), "utf8").trim();
    expect(id).toBe(derivedNodeId("h1", "worker-node"));
    const { body } = await registry.ask("GET", `/api/v1/nodes/${id}`);
    expect(body).toMatchObject({
      hostname: "h1",
      role: "worker-node",
      labels: ["cpu", "background-tasks"],
      status: "online",
    });
    expect(body["last_heartbeat"]).not.toBeNull();
    expect(body["metadata"]).toMatchObject({ cpu_count: expect.any(Number), gpus: expect.any(Array) });
    const { stdout } = await bootstrap(config, ...flags);
    expect(stdout).toBe(`registered as ${id} with ${registry.url}\n`);
    expect((await registry.ask("GET", "/api/v1/nodes?role=worker-node")).body).toHaveLength(1);
  });

  it("comes back as the same node when its file is cut, and says so", async () => {
    const config = place();
    const id = derivedNodeId("h2", "worker-node");
    mkdirSync(config);
    writeFileSync(join(config, "node_id"), id.slice(0, 9));
    const { code, stderr } = await bootstrap(config, "--registry-url", registry.url, "--hostname", "h2");
    expect([code, readFileSync(join(config, "node_id"), "utf8")]).toEqual([0, `${id}\n`]);
    expect(stderr).toContain("node_id has half of an id: it is written anew");
  });

  it("ends with 1, and the remedy, where the file can't be read", async () => {
    const config = place();
    mkdirSync(join(config, "node_id"), { recursive: true });
    const { code, stderr } = await bootstrap(config, "--registry-url", registry.url);
    expect(code).toBe(1);
    expect(stderr).toContain(`${config}/node_id`);
    expect(stderr).toContain("remove the folder");
  });

  it("gives up in time, with the reason", async () => {
    const config = place();
    const { url, close } = await byteServer(() => NO_LISTS["a page"]);
    const { code, stderr } = await bootstrap(config, "--registry-url", url, "--timeout", "1");
    await close();
    expect(code).toBe(1);
    expect(stderr).toContain("text/html: no answer of a Rollcall server");
    expect(existsSync(config)).toBe(false);
  });

  it("tells in one line what the registry has said, whatever is in it", async () => {
    const detail = "a\rb\nalive as n1\u001b[31m\u202ec";
    const { url, close } = await byteServer(() => json({ title: "no", detail }, "400 Bad Request"));
    const { code, stderr } = await bootstrap(place(), "--registry-url", url);
    await close();
    expect(code).toBe(1);
    const [line, ...more] = stderr.trimEnd().split("\n");
    expect([line, more]).toEqual([expect.stringMatching(/400 a.b.alive as n1.\[31m.c$/u), []]);
  });

  it("is one node, with one whole file, when it is started twice at once", async () => {
    const config = place();
    const flags = ["--registry-url", registry.url, "--hostname", "twice"];
    const ended = await Promise.all([bootstrap(config, ...flags), bootstrap(config, ...flags)]);
    const id = derivedNodeId("twice", "worker-node");
    expect(ended.map(({ code, stderr }) => [code, stderr])).toEqual(ended.map(() => [0, `alive as ${id}\n`]));
    expect(readFileSync(join(config, "node_id"), "utf8")).toBe(`${id}\n`);
    const { body } = await registry.ask("GET", "/api/v1/nodes?role=worker-node");
    expect(body.filter(({ hostname }) => hostname === "twice")).toHaveLength(1);
  });

  it("ends at once when it is refused", async () => {
    const taken = { node_id: "taken", hostname: "elsewhere", role: "worker-node" };
    await registry.ask("POST", "/api/v1/nodes/register", taken);
    const { code, stderr } = await bootstrap(place(), "--registry-url", registry.url, "--node-id", "taken");
    expect(code).toBe(1);
    expect(stderr).toMatch(/409 .*another host has this id/);
  });
});
