import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadContractFolder } from "../../runtime/contract/reading/load.ts";
import { yaml } from "./registration/fixtures/yaml.ts";
import { expectPlainLines, rollcall } from "./registration/looking.ts";
import { Tally } from "./registration/taking-in.ts";

let root = "";
let dir = "";
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "rollcall-bad-"));
  dir = join(root, "contracts");
  mkdirSync(dir);
});
afterEach(() => rmSync(root, { recursive: true }));

const codes = (): readonly string[] => [...new Set(loadContractFolder(dir).diagnostics.map(({ code }) => code))];

describe("a bad contract", () => {
  const tally = new Tally();
  afterAll(() => tally.report("contracts"));

  it.each(yaml.map((fixture) => [`${fixture.item}: ${fixture.name}`, fixture] as const))("%s", (title, fixture) => {
    writeFileSync(join(dir, "bad.yaml"), fixture.text);
    const said = tally.time(() => title, codes);
    // Whatever else a contract lacks is reported too.
    if (fixture.codes.length === 0) expect(said).not.toContain("RC001");
    expect(said).toEqual(expect.arrayContaining([...fixture.codes]));
    if (fixture.codes.some((code) => /RC00[34]/.test(code))) expect(said).toEqual(fixture.codes);
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });

  it("symlink: to a file outside, to a folder outside, to itself, to nothing", () => {
    writeFileSync(join(root, "outside.yaml"), "name: secret\n");
    symlinkSync(join(root, "outside.yaml"), join(dir, "file.yaml"));
    symlinkSync("loop.yaml", join(dir, "loop.yaml"));
    symlinkSync("none.yaml", join(dir, "nothing.yaml"));
    symlinkSync("/dev/zero", join(dir, "endless.yaml"));
    symlinkSync("/proc/self/environ", join(dir, "environment.yaml"));
    const { diagnostics, contracts } = loadContractFolder(dir);
    expect(contracts).toEqual([]);
    expect(diagnostics.map(({ code }) => code)).toEqual(Array(5).fill("RC001"));
    expect(JSON.stringify(diagnostics)).not.toContain("secret");
  });

  it("a pipe without a writer is no file, and is not waited for", () => {
    execFileSync("mkfifo", [join(dir, "pipe.yaml")]);
    expect(loadContractFolder(dir).diagnostics).toMatchObject([{ code: "RC001", message: "not a file" }]);
  });

  it("is reported on a terminal in plain lines", async () => {
    writeFileSync(join(dir, "ansi.yaml"), 'name: "\\e[2J"\nnode_type: "\u009b31m\u202e"\n\u001b[31m: 1\n');
    writeFileSync(join(dir, "escaped.yaml"), 'name: "\\e[2J\\r\\nok"\nnode_type: EFFECT\n"\\e]0;x\\a": 1\n');
    expectPlainLines(await rollcall(["validate", dir]).catch(({ stdout }: { stdout: string }) => stdout));
  }, 60_000);
});
