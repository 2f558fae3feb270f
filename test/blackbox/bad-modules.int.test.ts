import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { initializeStore } from "../initialized-store.ts";
import { ROOT } from "../tidy/sources.ts";
import { waitUntil } from "../real/services/wait-until.ts";
import { sendTo, stateIn } from "./domain-requests.ts";
import { type Program, startProgram } from "./program.ts";
import { trialModule, writeTrialModule } from "./trial-module.ts";
import { getJson } from "./world.ts";

const BLOCKED = /the event loop was blocked for \d+\.\d s.*--only DOMAINS/;
const ROLLCALL = join(ROOT, "dist/app/rollcall.js");

/** What a program that is ready serves: a module that is not there would be missing. */
async function domainsOf({ url }: Program): Promise<readonly string[]> {
  const { items } = (await getJson<{ items: { name: string }[] }>(`${url}/api/v1/domains`)) ?? { items: [] };
  return items.map(({ name }) => name);
}

const untilState = ({ url }: Program, id: string, state: string): Promise<void> =>
  waitUntil(async () => expect(await stateIn(url, "registration", id)).toBe(state), {
    what: `${id} in ${state}`,
    timeoutMs: 20_000,
  });

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
    [
      "lacks a variable of its own",
      trialModule({ more: 'config: z.object({ TRIAL_KEY: z.string().describe("key of the carrier (secret)") }),' }),
      /^rollcall: TRIAL_KEY: is not set \(of the module trial: key of the carrier \(secret\)\)\n$/,
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

  it("is refused in its last line with the way round it, each time it is started", () => {
    writeFileSync(join(folder, "bad.mjs"), trialModule({ top: 'throw new Error("no licence");' }));
    for (const { stderr } of [start("bad.mjs"), start("bad.mjs")])
      expect(stderr.trimEnd().split("\n").at(-1)).toMatch(/--only DOMAINS serves others without it/);
  });

  it("is refused with file and line when its migration fails, and is served when that is corrected", async () => {
    const data = join(folder, "migrated");
    await initializeStore(data);
    const migrations = join(folder, "migrations");
    mkdirSync(migrations);
    const write = (name: string, text: string) => writeFileSync(join(migrations, name), text);
    write("0001_slow.sql", "create table entity as select n from generate_series(1, 100000) as n;");
    write("0002_wrong.sql", "alter table entity add column town text;\n\ninsert into nowhere values (1);");
    const more = 'migrations: new URL("./migrations/", import.meta.url),';
    writeFileSync(join(folder, "migrating.mjs"), trialModule({ more }));
    const environmentOf = { ...environment, ROLLCALL_DATA_DIR: data };
    const modules = ["start", "--module", "registration", "--module", join(folder, "migrating.mjs")];
    for (let round = 0; round < 2; round++) {
      const { status, stdout, stderr } = spawnSync(process.execPath, [ROLLCALL, ...modules], {
        encoding: "utf8",
        env: { ...process.env, ...environmentOf },
        timeout: 50_000,
      });
      expect({ status, stderr }).toEqual({
        status: 1,
        stderr: expect.stringMatching(
          /^rollcall: the migration module\/trial\/0002_wrong\.sql fails: .*0002_wrong\.sql:3: .*--only DOMAINS\n$/,
        ),
      });
      expect(stdout).not.toContain("rollcall serves");
      expect(stdout.includes("the migration module/trial/0001_slow.sql begins")).toBe(round === 0);
    }
    const without = await startProgram({ environment: environmentOf, command: [...modules, "--only", "registration"] });
    expect((await without.stop()).code).toBe(0);
    expect(without.said()).not.toContain("0002_wrong");
    write("0002_wrong.sql", "alter table entity add column town text;");
    const corrected = await startProgram({ environment: environmentOf, command: modules });
    expect(await domainsOf(corrected)).toEqual(["registration", "trial"]);
    expect((await corrected.stop()).code).toBe(0);
  });

  it("that computes for seconds holds the others up no longer, and the log says so", async () => {
    const data = join(folder, "blocking");
    await initializeStore(data);
    const signal = join(data, "now");
    const top = `import { existsSync } from "node:fs";
      const timer = setInterval(() => {
        if (!existsSync(${JSON.stringify(signal)})) return;
        clearInterval(timer);
        const cell = new Int32Array(new SharedArrayBuffer(4));
        Atomics.wait(cell, 0, 0, 3_000);
      }, 20);`;
    writeFileSync(join(folder, "blocking.mjs"), trialModule({ top }));
    const program = await startProgram({
      environment: { ...environment, ROLLCALL_DATA_DIR: data },
      command: ["start", "--module", "registration", "--module", join(folder, "blocking.mjs")],
    });
    try {
      const post = (payload_type: string, more: object = {}) =>
        sendTo(program.url, "registration", payload_type, { node_id: "n1", ...more });
      await post("NodeIntrospectionEvent", { node_type: "effect" });
      await untilState(program, "n1", "AWAITING_ACK");
      writeFileSync(signal, "");
      await waitUntil(async () => expect(program.said()).toMatch(BLOCKED), { what: "the line", timeoutMs: 20_000 });
      await post("NodeRegistrationAcked");
      await untilState(program, "n1", "ACTIVE");
      expect((await fetch(`${program.url}/health/ready`)).status).toBe(200);
      expect(await domainsOf(program)).toEqual(["registration", "trial"]);
    } finally {
      await program.stop();
    }
  });

  it("has its code read once: a reload reads contracts only, and says so", async () => {
    const data = join(folder, "reloading");
    await initializeStore(data);
    const calls = join(data, "calls");
    const own = mkdtempSync(join(folder, "own-"));
    const file = writeTrialModule(own);
    const counting = (edition: string): string =>
      trialModule({
        top: `import { appendFileSync } from "node:fs";`,
        code: `() => {
          process.on("SIGUSR2", () => {});
          appendFileSync(${JSON.stringify(calls)}, "${edition} ");
          return codeOf();
        }`,
      });
    writeFileSync(file, counting("first"));
    const program = await startProgram({
      environment: { ...environment, ROLLCALL_DATA_DIR: data },
      command: ["start", "--module", file],
    });
    const called = readFileSync(calls, "utf8");
    writeFileSync(file, counting("second"));
    const contract = join(own, "contracts/things.yaml");
    for (const minor of [1, 2, 3]) {
      const text = readFileSync(contract, "utf8").replace(/minor: \d/, `minor: ${minor}`);
      writeFileSync(contract, text);
      program.signal("SIGHUP");
      await waitUntil(async () => expect(program.said().split("new contracts are in force")).toHaveLength(minor + 1), {
        what: "the reload",
        timeoutMs: 20_000,
      });
    }
    expect(program.said()).toContain("a module's code is read at the next start only");
    expect(readFileSync(calls, "utf8")).toBe(called);
    expect((await program.stop()).code).toBe(0);
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
