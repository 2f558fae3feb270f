import type { Command } from "commander";
import { SystemClock } from "../../../../runtime/adapters/system-clock.ts";
import { openDemoSystem, type DemoSystem } from "../demo/demo-system.ts";
import { Scenario } from "../demo/scenario.ts";
import { withTimeout } from "../../../host/with-timeout.ts";
import { interruption } from "../../../terminal/interrupt.ts";
import { colors, print } from "../../../terminal/output.ts";

/** Long enough for a first start on a slow disk or a busy machine. */
const START_TIMEOUT_MS = 60_000;
const CLOSE_TIMEOUT_MS = 12_000;

export function addCommands(program: Command): void {
  program
    .command("demo")
    .description("five nodes register, one goes silent and comes back, on an embedded system of its own")
    .option("--keep", "keep the system running afterwards, until interrupted", false)
    .action(run);
}

async function run({ keep }: { readonly keep: boolean }): Promise<void> {
  const interrupted = interruption();
  const demoSystem = await startWithTimeout();
  const scenario = new Scenario(demoSystem);
  try {
    await Promise.race([runScenario(scenario, demoSystem, keep), demoSystem.failed, interrupted]);
    if (keep) await Promise.race([interrupted, demoSystem.failed]);
  } finally {
    // A demo that hangs has failed, and must still end.
    setTimeout(() => process.exit(1), CLOSE_TIMEOUT_MS).unref();
    await scenario.end();
    await demoSystem.close();
  }
}

async function startWithTimeout(): Promise<DemoSystem> {
  print(colors.bold("Rollcall: 2-way node registration from YAML contracts"));
  print("");
  print("Starting the embedded system in a temporary folder: PGlite is its store, bus and service catalogue.");
  const opening = openDemoSystem();
  const message = `the system did not start within ${START_TIMEOUT_MS / 1_000} s`;
  return withTimeout(new SystemClock(), START_TIMEOUT_MS, opening, message).catch((error: unknown) => {
    setTimeout(() => process.exit(1), CLOSE_TIMEOUT_MS).unref();
    opening.then((demoSystem) => demoSystem.close()).catch(() => {});
    throw error;
  });
}

async function runScenario(scenario: Scenario, demoSystem: DemoSystem, keep: boolean): Promise<void> {
  print(
    `On a copy of the contracts with deadlines of seconds: ${colors.bold("ack 10 s, liveness 3 s")} (shipped: 30 s).`,
  );
  print(`The nodes use HTTP at ${demoSystem.url}; every message goes through the bus, keyed by node id.`);
  await scenario.registration();
  await scenario.expiry();
  if (keep) return print(nextStepsText(demoSystem));
  await scenario.deregistration();
  print("");
  print("Done. `npx rollcall start` runs it for real, `npx rollcall demo --keep` leaves this one running.");
}

const nextStepsText = ({ url, contractsDir }: DemoSystem): string => `
It runs until Ctrl-C, with the contracts in ${contractsDir}. Try:
  curl ${url}/api/v1/registrations
  curl -N ${url}/api/v1/events/stream
  npx rollcall nodes list --url ${url}
  npx rollcall explain orders --url ${url}`;
