import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freePorts } from "../real/services/free-ports.ts";
import { PROGRAMS } from "./registration/clients.ts";
import { ROOT } from "../tidy/sources.ts";
import { compile, compileProject } from "./consumer.ts";
import { guideDomain } from "./guide-domain.ts";
import { Installed, type Ran } from "./installed.ts";

/** PGlite is 26 of it, zod 6. */
const BYTES_MAX = 60e6;
const CLIENTS = ["rollcall/client", "rollcall-client"] as const;

let installed: Installed;
let demo: Promise<Ran>;
let server: ChildProcess;
let url: string;

beforeAll(async () => {
  installed = new Installed();
  const { http } = await freePorts(["http"]);
  url = `http://127.0.0.1:${http}`;
  server = await installed.serve(http);
  // Twenty seconds, of which it waits most.
  demo = installed.rollcall("demo");
}, 180_000);
afterAll(() => installed.close());

describe("what is installed", () => {
  it("is not larger than it says", () => expect(installed.size()).toBeLessThan(BYTES_MAX));

  it("has nothing that compiles TypeScript", () => {
    const names = readdirSync(join(installed.folder, "node_modules"));
    expect(names).toContain("rollcall");
    expect(names.filter((name) => /^(esbuild|tsx|typescript|vite)/.test(name))).toEqual([]);
  });

  it("can't be written to by who runs it", async () => {
    const folder = JSON.stringify(join(installed.folder, "node_modules/rollcall/dist/"));
    const { stderr } = await installed.node("-e", `fs.writeFileSync(${folder} + "new", "")`);
    expect(stderr).toMatch(/EACCES/);
  });
});

describe("the installed command", () => {
  it.each([
    ["--version", /^\d+\.\d+\.\d+/],
    ["--help", /Usage: rollcall/],
    ["validate", /no problems/],
    ["check", /no problems/],
  ])("says %s", async (command, expected) => {
    const { code, stdout, stderr } = await installed.rollcall(command);
    expect(stderr).toBe("");
    expect(stdout).toMatch(expected);
    expect(code).toBe(0);
  });

  it("runs with the flags of its first line", () => {
    if (!existsSync("/proc")) return;
    const started = readFileSync(`/proc/${server.pid}/cmdline`, "utf8").split("\0");
    expect(started).toEqual(expect.arrayContaining(["--min-semi-space-size=96", "--max-semi-space-size=96"]));
  });

  it("tells a defect's place in the sources", async () => {
    const index = JSON.stringify(join(installed.folder, "node_modules/rollcall/dist/app/index.js"));
    const { stderr } = await installed.node(
      "--enable-source-maps",
      "--input-type=module",
      "-e",
      `const { message } = await import(${index}); message("Name", null).of.call(); message("Name", 1, null);`,
    );
    expect(stderr).toMatch(/runtime\/core\/message\.ts:\d+/);
  });

  it("serves its page, with what that asks for", async () => {
    const page = await fetch(url);
    const html = await page.text();
    expect(page.status).toBe(200);
    const assets = [...html.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, path]) => path);
    expect(assets.length).toBeGreaterThan(1);
    for (const path of assets) expect((await fetch(`${url}${path}`)).status, path).toBe(200);
    expect((await fetch(`${url}/docs`)).status).toBe(200);
  });

  it("checks contracts in a thread of its own", async () => {
    const headers = { "content-type": "application/json" };
    const answer = await fetch(`${url}/api/v1/contracts/check`, { method: "POST", headers, body: '{"files":{}}' });
    expect(await answer.json()).toMatchObject({ diagnostics: [] });
    expect(answer.status).toBe(200);
  });
});

describe("a module of somebody else, in a folder of its own", () => {
  beforeAll(async () => {
    cpSync(join(ROOT, "examples/parcels"), join(installed.folder, "parcels"), {
      recursive: true,
      filter: (path) => !/[/\\](?:dist|node_modules)$/.test(path),
    });
    expect(await compileProject(join(installed.folder, "parcels"))).toBe("");
  });

  it("passes its own test", async () => {
    const { code, stdout } = await installed.runIn(join(installed.folder, "parcels"), "npm", "test");
    expect(stdout).toMatch(/^# pass 8$/m);
    expect(code).toBe(0);
  });

  it("has its contracts validated, checked and drawn with its own code", async () => {
    expect(await installed.rollcallIn("parcels", "validate", "contracts")).toEqual({
      code: 0,
      stdout:
        "contracts: the domain parcels, with an orchestrator, a reducer, 1 effect, 2 projections and 2 gateways: " +
        "no problems\n",
      stderr: "",
    });
    expect(await installed.rollcallIn("parcels", "check", "contracts")).toMatchObject({ code: 0, stderr: "" });
    const graph = await installed.rollcallIn("parcels", "graph", "contracts");
    expect(graph).toMatchObject({ code: 0, stdout: expect.stringMatching(/ParcelStored[^]*parcel_list/) });
  });

  it("is named by an option as well as by rollcall.config.json", async () => {
    const folder = join(installed.folder, "parcels");
    const { code } = await installed.rollcall(
      "validate",
      `${folder}/contracts`,
      "--module",
      `${folder}/dist/module.js`,
    );
    expect(code).toBe(0);
  });

  it("is one diagnostic where its code is not known", async () => {
    const { code, stdout } = await installed.rollcall("validate", join(installed.folder, "parcels/contracts"));
    expect(stdout.match(/RC\d+/g)).toEqual(["RC101"]);
    expect(stdout).toContain(
      "no module has the domain parcels: known are registration, node_registry, node_profile, flow_node, flow_run" +
        "; --module FILE names another one",
    );
    expect(code).toBe(1);
  });

  it("with shapes of another zod is refused once, with what to import", async () => {
    const zod = join(installed.folder, "parcels/node_modules/zod");
    cpSync(join(installed.folder, "node_modules/zod"), zod, { recursive: true });
    const shapes = join(installed.folder, "parcels/dist/shapes.js");
    const text = readFileSync(shapes, "utf8");
    writeFileSync(shapes, text.replace(', z } from "rollcall";', ' } from "rollcall";\nimport { z } from "zod";'));
    const { code, stderr } = await installed.rollcallIn("parcels", "validate", "contracts");
    writeFileSync(shapes, text);
    expect(stderr).toMatch(
      /made with another copy of zod: import \{ z \} from "rollcall", not from "zod", and use the rollcall/m,
    );
    expect(stderr.match(/another copy/g)).toHaveLength(1);
    expect(code).toBe(1);
  });
});

describe.each(CLIENTS)("%s", (from) => {
  const name = from.replace("/", "-");

  const run = async (file: string, id: string): Promise<void> => {
    expect(await installed.node(file)).toEqual({ code: 0, stdout: `${id} active\n`, stderr: "" });
  };
  const write = (kind: keyof typeof PROGRAMS, file: string, id: string): string =>
    installed.write(`${name}/${file}`, PROGRAMS[kind](from, id).replace("URL", url));

  it("is imported by a module", () => run(write("esm", "esm.mjs", `${name}-esm`), `${name}-esm`));

  it("is required by a script", () => run(write("cjs", "cjs.cjs", `${name}-cjs`), `${name}-cjs`));

  it("is compiled, as a module and as a script", async () => {
    write("ts", "module.mts", `${name}-mts`);
    write("ts", "script.cts", `${name}-cts`);
    expect(await compile(installed, `${name}`)).toEqual("");
    await run(join(installed.folder, name, "module.mjs"), `${name}-mts`);
    await run(join(installed.folder, name, "script.cjs"), `${name}-cts`);
  });

  it("is bundled with a bundler's defaults", async () => {
    const outfile = join(installed.folder, name, "bundle.js");
    const entryPoints = [write("esm", "bundled.mjs", `${name}-bundled`)];
    const { warnings } = await build({ entryPoints, bundle: true, outfile, logLevel: "silent" });
    expect(warnings).toEqual([]);
    await run(outfile, `${name}-bundled`);
  });

  it("speaks Kafka where that is imported, and only there", async () => {
    const file = installed.write(
      `${name}/kafka.mjs`,
      `import { kafkaTransport } from "${from}/kafka"; console.log(typeof kafkaTransport({ brokers: ["x:1"] ` +
        "}).publish);",
    );
    expect(await installed.node(file)).toEqual({ code: 0, stdout: "function\n", stderr: "" });
  });
});

it("what a domain is written with is imported from rollcall, and compiled", async () => {
  const main = guideDomain(installed, "parcels");
  expect(await compile(installed, "parcels")).toBe("");
  expect(await installed.node(main)).toEqual({ code: 0, stdout: "ParcelStored mail.send done\n", stderr: "" });
});

it("the demo plays from its beginning to its end", async () => {
  const { code, stdout, stderr } = await demo;
  expect(stderr).toBe("");
  expect(stdout).toContain("Done.");
  expect(code).toBe(0);
});

it("SIGTERM ends the command cleanly", async () => {
  const ended = once(server, "exit");
  server.kill("SIGTERM");
  expect(await ended).toEqual([0, null]);
});
