import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const SOURCES = ["app", "client", "contracts", "effects", "nodes", "reducers", "runtime", "schemas", "package.json"];

describe("the command's bundle", () => {
  let folder: string;
  const bundle = (): string => join(folder, "app/.rollcall.bundle.mjs");
  const help = (): string => execFileSync(process.execPath, [join(folder, "app/rollcall.mjs"), "--help"], { encoding: "utf8" }); // prettier-ignore

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "rollcall-bundle-"));
    for (const name of SOURCES)
      cpSync(join(ROOT, name), join(folder, name), {
        recursive: true,
        filter: (path) => !path.includes(".bundle.mjs"),
      });
    symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test("is made by the first run, and says the same as the sources in the second", () => {
    expect(existsSync(bundle())).toBe(false);
    const first = help();
    const made = readFileSync(bundle());
    expect(help()).toBe(first);
    expect(readFileSync(bundle()).equals(made)).toBe(true);
  });

  test("is made anew when a source has changed", () => {
    help();
    const cli = join(folder, "app/cli.ts");
    writeFileSync(cli, readFileSync(cli, "utf8").replace("Registers nodes", "Enrols nodes"));
    expect(help()).toContain("Enrols nodes");
  });

  test("is made anew when it is not whole", () => {
    help();
    const whole = readFileSync(bundle(), "utf8");
    writeFileSync(bundle(), whole.slice(0, -100));
    expect(help()).toContain("Registers nodes");
    expect(readFileSync(bundle(), "utf8")).toBe(whole);
  });

  test("is done without where it can't be written", () => {
    mkdirSync(bundle());
    expect(help()).toContain("Registers nodes");
  });
});
