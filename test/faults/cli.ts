import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { up } from "../real/services/services.ts";
import type { RealSystem } from "../blackbox/real-system.ts";
import type { FaultDomain } from "./fault-domain.ts";
import type { Fault, FaultResult } from "./fault.ts";
import { Stage } from "./stage.ts";

const usage = `usage: npm run test:faults -- [--only NAME]... [--json FILE] [--list]
Causes faults around a real system on its services, one after the other, and checks the promises.
Exits 1 when a promise was broken.`;

const FAULT_MS = 360_000;

const { values } = parseArgs({
  options: {
    only: { type: "string", multiple: true },
    json: { type: "string" },
    list: { type: "boolean" },
    help: { type: "boolean" },
  },
});

/** A fault that takes longer counts as a broken promise. */
async function play<World extends RealSystem>(
  fault: Fault<World>,
  stage: Stage<World>,
): Promise<FaultResult["figures"]> {
  const late = new Promise<never>((_, reject) =>
    setTimeout(() => reject(new Error(`not over after ${FAULT_MS / 1_000} s`)), FAULT_MS).unref(),
  );
  return Promise.race([fault.run(stage), late]);
}

async function run<World extends RealSystem>(fault: Fault<World>, stage: Stage<World>): Promise<FaultResult> {
  const startedMs = performance.now();
  console.error(`${fault.name}: ${fault.what}`);
  const figures = await play(fault, stage).catch((error: unknown) => {
    stage.broken.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
    return {};
  });
  await stage.end();
  const seconds = Math.round((performance.now() - startedMs) / 1_000);
  const { name, what, criterion } = fault;
  const result = { name, what, criterion, broken: stage.broken, figures, seconds };
  console.log(row(result));
  for (const each of stage.broken) console.log(`    ${each}`);
  return result;
}

function row({ name, criterion, broken, figures, seconds }: FaultResult): string {
  const told = Object.entries(figures).map(([what, figure]) => `${what} ${figure}`);
  const verdict = broken.length === 0 ? "kept" : "BROKEN";
  return `| ${name} | ${criterion} | ${verdict} | ${[...told, `${seconds} s`].join(", ")} |`;
}

/** Ends the process. */
export async function runFaults<World extends RealSystem>(
  domain: FaultDomain<World>,
  faults: readonly Fault<World>[],
): Promise<never> {
  await playAll(domain, faults);
  // Timers and sockets that a hanging fault left open must not keep this process running.
  process.exit();
}

async function playAll<World extends RealSystem>(
  domain: FaultDomain<World>,
  faults: readonly Fault<World>[],
): Promise<void> {
  const chosen = faults.filter(({ name }) => values.only === undefined || values.only.includes(name));
  if (values.help || chosen.length === 0) {
    console.error(usage);
    process.exitCode = values.help ? 0 : 2;
    return;
  }
  if (values.list) {
    for (const { name, what, criterion } of chosen) console.log(`${name}: ${what} (${criterion})`);
    return;
  }
  const services = await up({ keep: false });
  const results: FaultResult[] = [];
  console.log("| fault | criterion | result | figures |\n| --- | --- | --- | --- |");
  for (const fault of chosen) results.push(await run(fault, new Stage(domain, services.addresses)));
  await services.release();
  if (values.json !== undefined) writeFileSync(values.json, JSON.stringify(results, null, 2));
  if (results.some(({ broken }) => broken.length > 0)) process.exitCode = 1;
}
