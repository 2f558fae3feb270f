import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { initializeStore } from "../initialized-store.ts";
import { waitUntil } from "../real/services/wait-until.ts";
import { type Program, startProgram } from "./program.ts";
import { trialModule, writeTrialModule } from "./trial-module.ts";

const edition = (number: number): string =>
  trialModule({ top: `import { more } from "./lib/more.mjs"; console.error("edition ${number}, " + more);` });
const timesSaid = ({ said }: Program, text: string): number => said().split(text).length - 1;
const untilSaid = (program: Program, text: string, times = 1): Promise<void> =>
  waitUntil(async () => expect(timesSaid(program, text), program.said()).toBe(times), {
    what: `${text}, ${times} times`,
    timeoutMs: 30_000,
  });

/** In one step: of several, a busy machine may see some later than it waits for more. */
function replace(file: string, text: string): void {
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
}

it("rollcall dev starts anew when a module's code changes, and goes on when that was wrong", async () => {
  const folder = mkdtempSync(join(tmpdir(), "rollcall-dev-"));
  const file = writeTrialModule(folder);
  for (const name of ["lib", "node_modules"]) mkdirSync(join(folder, name));
  writeFileSync(join(folder, "lib/more.mjs"), 'export const more = "and a bit";');
  writeFileSync(file, edition(1));
  await initializeStore(join(folder, ".rollcall"));
  const program = await startProgram({
    environment: { ROLLCALL_DATA_DIR: join(folder, ".rollcall"), ROLLCALL_PARTITIONS: "2" },
    command: ["dev", "--module", file],
  });
  try {
    expect(program.said()).toContain("edition 1, and a bit");
    await untilSaid(program, "watching the code in");

    replace(file, edition(2));
    await untilSaid(program, "edition 2, and a bit");
    await untilSaid(program, "rollcall serves", 2);
    replace(join(folder, "lib/more.mjs"), 'export const more = "and more";');
    await untilSaid(program, "edition 2, and more");
    await untilSaid(program, "rollcall serves", 3);

    replace(join(folder, "lib/more.mjs"), "export const more = ;");
    await untilSaid(program, "it starts anew when the code changes");
    replace(join(folder, "lib/more.mjs"), 'export const more = "and all";');
    await untilSaid(program, "edition 2, and all");
    await untilSaid(program, "rollcall serves", 4);

    // Contracts are put in force without it, once they are watched; and what is installed is not watched.
    await untilSaid(program, "the page is at the address above", 4);
    writeFileSync(join(folder, "node_modules/other.js"), "");
    const contract = join(folder, "contracts/things.yaml");
    replace(contract, readFileSync(contract, "utf8").replace("minor: 0", "minor: 1"));
    await waitUntil(async () => expect(program.said()).toMatch(/things[.]yaml: [0-9a-f]{12} is in force/), {
      what: "the change",
      timeoutMs: 20_000,
    });
    expect(timesSaid(program, "has changed: starting anew")).toBe(4);
    expect(timesSaid(program, "rollcall serves")).toBe(4);
  } finally {
    expect((await program.stop()).code).toBe(0);
    rmSync(folder, { recursive: true, force: true });
  }
});
