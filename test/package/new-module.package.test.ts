import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ROOT } from "../tidy/sources.ts";
import { catalogDomain } from "./catalog-domain.ts";
import { compile, compileProject, STRICT } from "./consumer.ts";
import { Installed } from "./installed.ts";

let installed: Installed;
beforeAll(async () => (installed = await Installed.open()), 180_000);
afterAll(() => installed?.close());

describe("rollcall new", () => {
  let folder: string;
  /** One of the programs of what is installed in the module's own folder. */
  const own = (program: string, ...args: readonly string[]) =>
    installed.runIn(folder, join(folder, "node_modules/.bin", program), ...args);

  beforeAll(async () => {
    expect(await installed.rollcall("new", "lost_items", "lost items")).toMatchObject({ code: 0, stderr: "" });
    folder = join(installed.folder, "data/lost items");
    await installed.installInto(folder);
  }, 180_000);

  it("depends on the version that wrote it", async () => {
    const { stdout } = await installed.rollcall("--version");
    expect(await installed.rollcall("new", "other")).toMatchObject({ code: 0 });
    const { dependencies } = JSON.parse(readFileSync(join(installed.folder, "data/other/package.json"), "utf8"));
    expect(dependencies).toEqual({ rollcall: stdout.trim() });
  });

  it("writes a module whose own test passes", async () => {
    const { code, stdout } = await installed.runIn(folder, "npm", "test");
    expect(stdout).toMatch(/^# pass 4$/m);
    expect(stdout).toMatch(/^# fail 0$/m);
    expect(code).toBe(0);
  });

  it("writes contracts that are valid, and find nothing when explored", async () => {
    expect(await own("rollcall", "validate", "contracts")).toEqual({
      code: 0,
      stdout: "contracts: the domain lost_items, with an orchestrator, a reducer and 1 effects: no problems\n",
      stderr: "",
    });
    expect(await own("rollcall", "check", "contracts")).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("no problems"),
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
    const project = installed.write("data/lost items/jsconfig.json", JSON.stringify({ compilerOptions }));
    expect(await compileProject(project)).toBe("");
  });

  it("leaves a folder with files as it is", async () => {
    const before = readdirSync(folder).toSorted();
    const { code, stderr } = await installed.rollcall("new", "lost_items", "lost items");
    expect(stderr).toMatch(/^rollcall: lost items is not empty, it has .*: name another folder/);
    expect(code).toBe(1);
    expect(readdirSync(folder).toSorted()).toEqual(before);
  });
});

describe("a domain of somebody else in TypeScript", () => {
  it("uses the service catalog, and is tested in memory", async () => {
    const main = catalogDomain(installed, "printers");
    expect(await compile(installed, "printers")).toBe("");
    expect(await installed.node(main)).toEqual({ code: 0, stdout: "LISTED 10.0.0.9:631\n", stderr: "" });
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
