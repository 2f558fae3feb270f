import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { initializeStore } from "../initialized-store.ts";
import { ROOT } from "../tidy/sources.ts";
import { startProgram } from "./program.ts";
import { trialModule, writeTrialModule } from "./trial-module.ts";

const ROLLCALL = join(ROOT, "dist/app/rollcall.js");

describe("a bad module beside others", () => {
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "rollcall-bad-module-"));
    writeTrialModule(folder);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const environment = { ROLLCALL_HTTP_PORT: "0", ROLLCALL_PARTITIONS: "2" };
  const start = (file: string, ...more: readonly string[]) =>
    spawnSync(process.execPath, [ROLLCALL, "start", "--module", "registration", "--module", `./${file}`, ...more], {
      cwd: folder,
      encoding: "utf8",
      env: { ...process.env, ...environment, ROLLCALL_DATA_DIR: join(folder, "unused") },
      timeout: 50_000,
    });

  const REFUSED: readonly (readonly [what: string, text: string, message: RegExp])[] = [
    [
      "throws on import",
      trialModule({ top: 'throw new Error("no licence");' }),
      /bad\.mjs can't be loaded: Error: no lic/,
    ],
    ["has another api", trialModule({ api: "2" }), /api: must be 1, not 2: the module is for another version/],
    ["has code that is a promise", trialModule({ code: "() => new Promise(() => {})" }), /code\(\): messages: /],
    [
      "throws in code()",
      trialModule({ code: '() => { throw new Error("no key"); }' }),
      /code\(\) throws Error: no key/,
    ],
    ["has a name that is taken", trialModule({ name: "registration" }), /two modules have the name reg/],
    ["has a domain that is taken", trialModule({ domain: "registration" }), /two modules have the domain registration/],
  ];
  it.each(REFUSED)("is refused by name before anything moves: one that %s", (_what, text, message) => {
    writeFileSync(join(folder, "bad.mjs"), text);
    const { status, stderr } = start("bad.mjs");
    expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringMatching(message) });
    expect(stderr.split("\n")[0]).toMatch(/^rollcall: /);
  });

  it("can be left out by the domains that are wanted", async () => {
    writeFileSync(join(folder, "bad.mjs"), trialModule({ top: 'throw new Error("no licence");' }));
    const data = join(folder, "data");
    await initializeStore(data);
    const program = await startProgram({
      environment: { ...environment, ROLLCALL_DATA_DIR: data },
      command: ["start", "--module", "registration", "--module", join(folder, "bad.mjs"), "--only", "registration"],
    });
    expect((await program.stop()).code).toBe(0);
    expect(program.said()).toContain("no licence");
  });

  const ENDS: readonly (readonly [what: string, action: string])[] = [
    ["rejects a promise that nobody awaits", 'void Promise.reject(new Error("not awaited"));'],
    ["throws in a timer", 'throw new Error("in a timer");'],
  ];
  it.each(ENDS)("ends the process with the remedy in its last line: one that %s", async (what, action) => {
    const data = join(folder, what);
    await initializeStore(data);
    const signal = join(data, "now");
    const top = `import { existsSync } from "node:fs";
      const timer = setInterval(() => {
        if (!existsSync(${JSON.stringify(signal)})) return;
        clearInterval(timer);
        ${action}
      }, 20);`;
    writeFileSync(join(folder, "late.mjs"), trialModule({ top }));
    const program = await startProgram({
      environment: { ...environment, ROLLCALL_DATA_DIR: data },
      command: ["start", "--module", join(folder, "late.mjs")],
    });
    writeFileSync(signal, "");
    expect((await program.ended).code).toBe(1);
    const last = program.said().trim().split("\n").at(-1);
    expect(last).toMatch(/(not awaited|in a timer).*--only DOMAINS serves others without it/);
  });
});
