import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const SOURCES = ["app", "client", "contracts", "effects", "nodes", "reducers", "runtime", "schemas", "package.json"];

describe("the command's bundle", () => {
  let folder: string;
  const current = (): string => join(folder, "app/.bundle/current.json");
  const entry = (): string =>
    join(folder, "app/.bundle", (JSON.parse(readFileSync(current(), "utf8")) as { name: string }).name, "cli.mjs");
  const help = (): string =>
    execFileSync(process.execPath, [join(folder, "app/rollcall.mjs"), "--help"], { encoding: "utf8" });

  // One after the other, each with what the one before has left: a bundle takes seconds.
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "rollcall-bundle-"));
    for (const name of SOURCES)
      cpSync(join(ROOT, name), join(folder, name), {
        recursive: true,
        filter: (path) => !path.endsWith("app/.bundle"),
      });
    symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test("is made by the first run, and says the same as the sources in the second", () => {
    expect(existsSync(current())).toBe(false);
    const first = help();
    const made = entry();
    expect(existsSync(made)).toBe(true);
    expect(help()).toBe(first);
    expect(entry()).toBe(made);
  });

  test("is made anew when a source has changed", () => {
    const cli = join(folder, "app/cli.ts");
    writeFileSync(cli, readFileSync(cli, "utf8").replace("Registers nodes", "Enrols nodes"));
    expect(help()).toContain("Enrols nodes");
  });

  test("is made anew when it is not there, or what tells of it is not whole", () => {
    rmSync(entry());
    expect(help()).toContain("Enrols nodes");
    const whole = readFileSync(current(), "utf8");
    writeFileSync(current(), whole.slice(0, -100));
    expect(help()).toContain("Enrols nodes");
    expect(existsSync(entry())).toBe(true);
  });

  test("is done without where it can't be written", () => {
    rmSync(join(folder, "app/.bundle"), { recursive: true });
    writeFileSync(join(folder, "app/.bundle"), "");
    expect(help()).toContain("Enrols nodes");
  });
});
