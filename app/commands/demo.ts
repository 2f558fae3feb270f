import type { Command } from "commander";
import { openDemoSystem, type DemoSystem } from "../demo/demo-system.ts";
import { Scenario } from "../demo/scenario.ts";
import { colorsOf, print } from "../terminal/output.ts";

/** The longest that a first start may take: a slow disk, a busy machine. */
const START_TIMEOUT_MS = 60_000;
const CLOSE_TIMEOUT_MS = 12_000;

export function addDemoCommands(program: Command): void {
  program
    .command("demo")
    .description("five nodes register, one falls silent and comes back, on an embedded system of its own")
    .option("--keep", "go on afterwards, until interrupted", false)
    .action(run);
}

async function run({ keep }: { readonly keep: boolean }): Promise<void> {
  const interrupted = waitForInterrupt();
  const demoSystem = await startWithTimeout();
  const scenario = new Scenario({ demoSystem, colors: colorsOf(process.stdout), print });
  try {
    await Promise.race([runScenario(scenario, demoSystem, keep), demoSystem.failed, interrupted]);
    if (keep) await Promise.race([interrupted, demoSystem.failed]);
  } finally {
    // What does not end by itself is ended: a demo that hangs has failed.
    setTimeout(() => process.exit(1), CLOSE_TIMEOUT_MS).unref();
    await scenario.end();
    await demoSystem.close();
  }
}

async function startWithTimeout(): Promise<DemoSystem> {
  const { bold } = colorsOf(process.stdout);
  print(bold("Rollcall: 2-way node registration from YAML contracts"));
  print("");
  print("Starting the embedded system in a temporary folder: PGlite is its store, bus and service catalogue.");
  const opening = openDemoSystem();
  let timer: NodeJS.Timeout | undefined;
  const timedOut = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`the system did not start within ${START_TIMEOUT_MS / 1_000} s`));
      setTimeout(() => process.exit(1), CLOSE_TIMEOUT_MS).unref();
      void opening.then((stage) => stage.close());
    }, START_TIMEOUT_MS);
  });
  return Promise.race([opening, timedOut]).finally(() => clearTimeout(timer));
}

async function runScenario(story: Scenario, stage: DemoSystem, keep: boolean): Promise<void> {
  const { bold } = colorsOf(process.stdout);
  print(`On a copy of the contracts with deadlines of seconds: ${bold("ack 10 s, liveness 3 s")} (shipped: 30 s).`);
  print(`The nodes speak HTTP with ${stage.url}; every message goes through the bus, keyed by node id.`);
  await story.registration();
  await story.expiry();
  if (keep) return print(nextStepsText(stage));
  await story.deregistration();
  print("");
  print("Done. `npx rollcall start` runs it for real, `npx rollcall demo --keep` leaves this one running.");
}

const nextStepsText = ({ url, contractsDir }: DemoSystem): string => `
It goes on until Ctrl-C, with the contracts of ${contractsDir}. Try:
  curl ${url}/api/v1/registrations
  curl -N ${url}/api/v1/events/stream
  npx rollcall nodes list --url ${url}
  npx rollcall explain orders --url ${url}`;

const waitForInterrupt = (): Promise<void> =>
  new Promise((resolve) => {
    process.once("SIGINT", () => resolve());
    process.once("SIGTERM", () => resolve());
  });
