import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freePorts } from "../real/services/free-ports.ts";
import { waitUntil } from "../real/services/wait-until.ts";
import { ROOT } from "../tidy/sources.ts";
import { catalogDomain } from "./consul/catalog-domain.ts";
import { compile, compileProject, STRICT } from "./consumer.ts";
import { type Followed, followPage } from "./follow-page.ts";
import { Installed } from "./installed.ts";
import { noteDomain } from "./note-domain.ts";

let installed: Installed;
let followed: Followed;
beforeAll(async () => {
  installed = new Installed();
  followed = await followPage(installed, "docs/guide/write-a-domain.md");
}, 300_000);
afterAll(() => installed.close());

describe("the module of rollcall new", () => {
  it("is tested, checked and served by the commands of the guide, its entity explained", async () => {
    expect(followed.server.exitCode).toBeNull();
    const { code, stdout } = await installed.runIn(followed.folder, "npm", "test");
    expect(stdout).toMatch(/^# fail 0$/m);
    expect(code).toBe(0);
  });

  it("depends on what wrote it: here on the file that was installed, since no registry has it", async () => {
    const { stdout: version } = await installed.rollcall("--version");
    expect(await installed.rollcall("new", "lost_items", "lost items")).toEqual({
      code: 0,
      stdout: "lost items: the module lost_items. There: npm install && npm test && npm start\n",
      stderr: "",
    });
    const written = readFileSync(join(installed.folder, "data/lost items/package.json"), "utf8");
    const dependencies = { rollcall: `file:../../../rollcall-${version.trim()}.tgz` };
    expect(JSON.parse(written)).toMatchObject({ name: "lost_items", dependencies });
  });

  it("has contracts that are valid under its name", async () => {
    expect(await installed.rollcall("new", "true", "true")).toMatchObject({ code: 0 });
    for (const [folder, name] of [
      ["lost items", "lost_items"],
      ["true", "true"],
    ] as const)
      expect(await installed.rollcallIn(`data/${folder}`, "validate", "contracts")).toEqual({
        code: 0,
        stdout:
          `contracts: the domain ${name}, with an orchestrator, a reducer, 1 effect, 1 projection and 1 gateway: ` +
          "no problems\n",
        stderr: "",
      });
  });

  it("writes JavaScript that has types", async () => {
    const compilerOptions = {
      ...STRICT,
      ...{
        allowJs: true,
        checkJs: true,
        noEmit: true,
        rewriteRelativeImportExtensions: false,
        maxNodeModuleJsDepth: 0,
      },
      ...{ types: ["node"], typeRoots: [join(ROOT, "node_modules/@types")] },
    };
    const project = installed.write(join(followed.folder, "tsconfig.json"), JSON.stringify({ compilerOptions }));
    expect(await compileProject(project)).toBe("");
  });

  it("leaves a folder with files as it is", async () => {
    const before = readdirSync(followed.folder).toSorted();
    const { code, stderr } = await installed.rollcall("new", "parcels");
    expect(stderr).toMatch(/^rollcall: parcels is not empty, it has .*: name another folder/);
    expect(code).toBe(1);
    expect(readdirSync(followed.folder).toSorted()).toEqual(before);
  });

  it.each([
    ["Lost-Items", /beginning with a letter, such as lost_items$/m],
    ["7", /beginning with a letter$/m],
    ["rollcall", /this package has that name$/m],
  ])("has no name such as %s", async (name, remedy) => {
    const { code, stderr } = await installed.rollcall("new", name);
    expect(stderr).toMatch(remedy);
    expect(code).toBe(2);
  });
});

describe("the module of rollcall new --minimal", () => {
  const LINES_MAX = 40;

  it("is tested, checked and served: at most 40 lines of YAML in one file, and no code but shapes", async () => {
    expect(await installed.rollcall("new", "visits", "--minimal")).toMatchObject({ code: 0, stderr: "" });
    const folder = join(installed.folder, "data/visits");
    expect(readdirSync(join(folder, "contracts"))).toEqual(["contract.yaml"]);
    const lines = readFileSync(join(folder, "contracts/contract.yaml"), "utf8").trimEnd().split("\n");
    expect(lines.length).toBeLessThanOrEqual(LINES_MAX);
    expect(readFileSync(join(folder, "module.js"), "utf8")).not.toMatch(/handler\(|reducer\(|effect\(/);
    for (const script of ["test", "check"])
      expect(await installed.runIn(folder, "npm", "run", script)).toMatchObject({ code: 0 });
    const { http } = await freePorts(["http"]);
    await installed.serve(http, folder);
    const url = `http://127.0.0.1:${http}/api/v1`;
    const added = { payload_type: "AddItem", payload: { item_id: "i-1", owner: "ann" } };
    const headers = { "content-type": "application/json" };
    expect((await fetch(`${url}/events`, { method: "POST", headers, body: JSON.stringify(added) })).status).toBe(202);
    await waitUntil(
      async () =>
        expect(await (await fetch(`${url}/entities/i-1`)).json()).toMatchObject({
          ...{ state: "ADDED", data: { owner: "ann" } },
        }),
      { what: "the item", timeoutMs: 20_000 },
    );
  });
});

describe("the document of the reference", () => {
  const LINES_MAX = 20;

  it("is checked and served: it is written, written again, dropped, and written once more", async () => {
    expect(await installed.rollcall("new", "notes", "--minimal")).toMatchObject({ code: 0, stderr: "" });
    const folder = join(installed.folder, "data/notes");
    expect(noteDomain(folder)).toBeLessThanOrEqual(LINES_MAX);
    for (const command of ["validate", "check"])
      expect(await installed.rollcallIn("data/notes", command, "contracts")).toMatchObject({
        ...{ code: 0, stderr: "", stdout: expect.stringContaining("no problems") },
      });
    const { http } = await freePorts(["http"]);
    await installed.serve(http, folder);
    const url = `http://127.0.0.1:${http}/api/v1`;
    const headers = { "content-type": "application/json" };
    const say = async (payload_type: string, more: object, expected: object): Promise<void> => {
      const body = JSON.stringify({ payload_type, payload: { note_id: "n-1", ...more } });
      expect((await fetch(`${url}/events`, { method: "POST", headers, body })).status).toBe(202);
      const note = async () => (await fetch(`${url}/entities/n-1`)).json();
      await waitUntil(async () => expect(await note()).toMatchObject({ attempt: 1, ...expected }), {
        ...{ what: payload_type, timeoutMs: 20_000 },
      });
    };
    await say("WriteNote", { text: "one" }, { state: "KEPT", data: { text: "one" } });
    await say("WriteNote", { text: "two" }, { state: "KEPT", data: { text: "two" } });
    await say("DropNote", {}, { state: "DROPPED" });
    await say("WriteNote", { text: "three" }, { state: "KEPT", data: { text: "three" } });
  });
});

describe("a domain of somebody else in TypeScript", () => {
  it("uses the service catalog, and is tested in memory", async () => {
    const main = catalogDomain(installed, "printers");
    expect(await compile(installed, "printers")).toBe("");
    expect(await installed.node(main)).toEqual({ code: 0, stdout: "LISTED 10.0.0.9:631\n", stderr: "" });
  });

  it("has a command where rollcall.config.json names it, which help lists", async () => {
    installed.write("printers/rollcall.config.json", '{ "modules": ["./module.js"] }\n');
    expect(await installed.rollcallIn("printers", "printers")).toEqual({ code: 0, stdout: "nothing\n", stderr: "" });
    expect((await installed.rollcallIn("printers", "--help")).stdout).toMatch(/^ {2}printers +what is printed$/m);
  });
});

describe("rollcall/testing", () => {
  it("loads no store, no bus and no HTTP", () => {
    const dist = join(installed.folder, "node_modules/rollcall/dist");
    const files = new Set([join(dist, "app/testing.js")]);
    const packages = new Set<string>();
    for (const file of files)
      for (const [, named, imported = named ?? ""] of readFileSync(file, "utf8").matchAll(
        /^(?:import .*|\}) ?from "([^"]+)";$|^import "([^"]+)";$/gm,
      ))
        if (imported.startsWith(".")) files.add(join(file, "..", imported));
        else packages.add(imported);
    const others = [...packages].filter((name) => !name.startsWith("node:"));
    expect(others.toSorted()).toEqual(["picocolors", "re2js", "xstate", "yaml", "zod"]);
  });
});
