import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, it } from "vitest";
import { initializeStore } from "../initialized-store.ts";
import { waitUntil } from "../real/services/wait-until.ts";
import { contractsCopy } from "./registration/contracts-copy.ts";
import { type Program, startProgram } from "./program.ts";
import { trialModule, writeTrialModule } from "./trial-module.ts";
import { getJson } from "./world.ts";

const ROLLCALL = fileURLToPath(new URL("../../dist/app/rollcall.js", import.meta.url));
const PATIENCE = { timeoutMs: 20_000 };

interface InForce {
  readonly hash: string;
  readonly by: string;
  readonly refused: { readonly by: string; readonly reason: string } | null;
}
let folder: string;
let program: Program | undefined;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "rollcall-by-hand-"));
  await initializeStore(join(folder, "data"));
});
afterEach(async () => {
  await program?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const environment = (): Record<string, string> => ({ ROLLCALL_DATA_DIR: join(folder, "data") });
const inForce = async (): Promise<InForce> =>
  (await getJson<InForce>(`${program?.url}/api/v1/contracts/in-force`)) as InForce;
const edited = (file: string, from: string, to: string): string => {
  const text = readFileSync(file, "utf8");
  expect(text).toContain(from);
  return text.replaceAll(from, to);
};
const changedBy = (by: RegExp, before: string) =>
  waitUntil(
    async () => {
      const now = await inForce();
      expect(now.by).toMatch(by);
      expect(now.hash).not.toBe(before);
      return now.hash;
    },
    { what: "other contracts in force", ...PATIENCE },
  );
const rollcall = (...args: string[]): Promise<{ readonly code: number; readonly said: string }> =>
  new Promise((resolve) =>
    execFile(process.execPath, [ROLLCALL, ...args, "--url", String(program?.url)], (error, out, err) =>
      resolve({ code: error ? Number(error.code) : 0, said: out + err }),
    ),
  );

it("a running program reads its folder again at SIGHUP, and at rollcall reload", async () => {
  const contracts = contractsCopy();
  const file = join(contracts.dir, "orchestrator.yaml");
  try {
    program = await startProgram({ environment: environment(), contractsDir: contracts.dir });
    const { hash } = await inForce();
    writeFileSync(file, edited(file, "name: ack, after: 30s", "name: ack, after: 40s"));
    program.signal("SIGHUP");
    const second = await changedBy(/^SIGHUP$/, hash);

    expect(await rollcall("reload")).toMatchObject({ code: 0, said: expect.stringContaining("nothing changed") });
    writeFileSync(file, edited(file, "name: ack, after: 40s", "name: ack, aftr: 40s"));
    const refused = await rollcall("reload");
    expect(refused).toMatchObject({
      code: 1,
      said: expect.stringContaining("orchestrator.yaml:102: RC005 unknown key aftr"),
    });
    expect(await inForce()).toMatchObject({ hash: second, refused: { by: "address 127.0.0.1" } });
    expect(await rollcall("doctor")).toMatchObject({ code: 1, said: expect.stringContaining("rollcall reload") });

    writeFileSync(file, edited(file, "name: ack, aftr: 40s", "name: ack, after: 50s"));
    expect(await rollcall("reload")).toMatchObject({ code: 0, said: expect.stringContaining("are in force") });
    expect(await inForce()).toMatchObject({ refused: null });
  } finally {
    contracts.remove();
  }
});

it("rollcall dev makes a folder, puts changes in force or prints the wrong line, and lets the page save", async () => {
  const directory = join(folder, "mine");
  const file = join(directory, "orchestrator.yaml");
  program = await startProgram({ environment: environment(), command: ["dev", directory] });
  const { hash } = await inForce();
  writeFileSync(file, edited(file, "name: ack, after: 30s", "name: ack, after: 40s"));
  const second = await changedBy(/^a change of orchestrator[.]yaml$/, hash);

  writeFileSync(file, edited(file, "name: ack, after: 40s", "name: ack, aftr: 40s"));
  await waitUntil(
    async () => {
      expect(program?.said()).toMatch(/orchestrator[.]yaml:102:58 {2}error {2}RC005/);
      expect(program?.said()).toContain("the previous contracts stay in force");
    },
    { what: "the line that is wrong", ...PATIENCE },
  );
  expect(await inForce()).toMatchObject({ hash: second });

  const text = edited(file, "name: ack, aftr: 40s", "name: ack, after: 50s");
  const saved = await fetch(`${program.url}/api/v1/contracts/files/orchestrator.yaml`, {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ text }),
  });
  expect(saved.status).toBe(204);
  await changedBy(/^a change of orchestrator[.]yaml$/, second);
});

it("rollcall dev puts in force what was changed after it had read the contracts, before it watches them", async () => {
  const module = writeTrialModule(folder);
  const file = join(folder, "contracts", "things.yaml");
  // A module's routes are asked for between the two.
  const change = `routes: () => writeFileSync(${JSON.stringify(file)},
    readFileSync(${JSON.stringify(file)}, "utf8").replace("minor: 0", "minor: 1"))`;
  writeFileSync(module, trialModule({ top: `import { readFileSync, writeFileSync } from "node:fs";`, more: change }));
  program = await startProgram({ environment: environment(), command: ["dev", "--module", module] });
  await waitUntil(async () => expect(program?.said()).toMatch(/a change during the start: [0-9a-f]{12} is in force/), {
    what: "the change",
    ...PATIENCE,
  });
});

it("rollcall dev watches the contracts of the modules that are named", async () => {
  const module = writeTrialModule(folder);
  program = await startProgram({ environment: environment(), command: ["dev", "--module", module] });
  const file = join(folder, "contracts", "things.yaml");
  writeFileSync(file, edited(file, "name: things", "name: all_things"));
  await waitUntil(async () => expect(program?.said()).toMatch(/things[.]yaml: [0-9a-f]{12} is in force/), {
    what: "the change",
    ...PATIENCE,
  });
});
