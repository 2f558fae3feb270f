import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { initializeStore } from "../initialized-store.ts";
import { waitUntil } from "../real/services/wait-until.ts";
import { startProgram } from "./program.ts";
import { trialModule, writeTrialModule } from "./trial-module.ts";

it("gives a module its variables, secrets from files, and shows no secret in the log", async () => {
  const folder = mkdtempSync(join(tmpdir(), "rollcall-variables-"));
  await initializeStore(join(folder, "data"));
  const file = writeTrialModule(folder);
  const config = `z.object({
    TRIAL_KEY: z.string().describe("key of the carrier (secret)"),
    TRIAL_AT_ONCE: z.coerce.number().default(3).describe("calls at once"),
  })`;
  const code = `(_, { TRIAL_AT_ONCE, TRIAL_KEY }) => {
      console.error(typeof TRIAL_KEY, "for", TRIAL_AT_ONCE + 1, "calls");
      return codeOf();
    },
    jobs: [{ name: "tell", every: "always", run: async ({ config }) => {
      throw new Error(config.TRIAL_KEY + " is refused");
    } }]`;
  writeFileSync(file, trialModule({ code, more: `config: ${config},` }));
  writeFileSync(join(folder, "key"), "canary-of-trial\n");
  const program = await startProgram({
    environment: {
      ROLLCALL_DATA_DIR: join(folder, "data"),
      ROLLCALL_PARTITIONS: "2",
      TRIAL_KEY_FILE: join(folder, "key"),
      TRIAL_AT_ONCE: "5",
      TRIAL_AT_ONE: "1",
    },
    command: ["start", "--module", file],
  });
  try {
    // Where it is checked, and where it is served.
    expect(program.said()).toMatch(/undefined for 4 calls[^]*string for 6 calls/);
    expect(program.said()).toContain("TRIAL_AT_ONE is set, and nothing reads it: did you mean TRIAL_AT_ONCE?");
    await waitUntil(async () => expect(program.said()).toContain("[redacted] is refused"), {
      what: "the job's failure",
      timeoutMs: 20_000,
    });
    expect(program.leak).toBeUndefined();
  } finally {
    await program.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});
