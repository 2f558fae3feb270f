import { fork } from "node:child_process";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { FAULT_NAMES } from "./actions.ts";
import { shrink } from "./shrink.ts";
import type { SimulatedDomain } from "./simulated-domain.ts";
import { simulate, type SimulationResult } from "./simulation.ts";
import type { Answer, Task } from "./worker.ts";

/**
 * Deterministic simulation: the real shell and core with a domain's contracts, on a simulated clock, bus, store and
 * catalog. One seed determines everything: who sends what, how long each response takes, which fault occurs when. After
 * every event the promises G1 to G9, G11 and G15 are checked from outside. At the end come no more faults or messages,
 * and all that was begun must be finished.
 */
const help = (domains: readonly string[]): string => `npm run sim -- [options]

  --domain D   of ${domains.join(", ")} (${domains[0]})
  --seeds N    how many histories (2000)
  --steps M    steps of each (500)
  --from N     the first seed (1)
  --seed N     this one history alone, printed step by step when it fails
  --transcript with --seed: printed step by step in any case
  --workers N  processes (as many as there are cores)
  --json       the result as one line of JSON
  --help

A step is an action of a sender, of an operator or a fault, and the time after it. Exit code 1: a promise was broken;
the first such history is shortened as far as possible, and printed.`;

/** How many failing histories are printed. */
const FAILED_PRINTED_MAX = 20;
/** For workers: all cores are busy, so GC threads gain nothing; with more room for young objects less is collected. */
const WORKER_NODE_OPTIONS = ["--single-threaded-gc", "--max-semi-space-size=32"];

const { values } = parseArgs({
  options: {
    domain: { type: "string" },
    seeds: { type: "string", default: "2000" },
    steps: { type: "string", default: "500" },
    from: { type: "string", default: "1" },
    seed: { type: "string" },
    workers: { type: "string", default: String(availableParallelism()) },
    transcript: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

function wholeNumber(name: "seeds" | "steps" | "from" | "workers", text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  process.stderr.write(`--${name}: ${text} is no whole number\n`);
  process.exit(2);
}

/** A domain that can be chosen, with the file that exports it as `domain`. */
interface Chosen {
  readonly name: string;
  readonly url: string;
  readonly domain: SimulatedDomain;
}

/** @param domains by name, each a file that exports `domain`; the first one is simulated if none is named */
export async function runCli(domains: Readonly<Record<string, URL>>): Promise<void> {
  const names = Object.keys(domains);
  if (values.help) return void process.stdout.write(`${help(names)}\n`);
  const steps = wholeNumber("steps", values.steps);
  const { domain: name = names[0] ?? "" } = values;
  const url = domains[name]?.href;
  if (url === undefined) {
    process.stderr.write(`--domain: ${name} is none of ${names.join(", ")}\n`);
    process.exit(2);
  }
  const { domain } = (await import(url)) as { readonly domain: SimulatedDomain };
  const chosen = { name, url, domain };
  const isOk =
    values.seed === undefined ? await many(chosen, steps) : await one(chosen, wholeNumber("from", values.seed), steps);
  process.exitCode = isOk ? 0 : 1;
}

async function one(chosen: Chosen, seed: number, steps: number): Promise<boolean> {
  const { domain } = chosen;
  const { transcript, ...result } = await simulate({ domain, seed, steps, keepsTranscript: values.transcript });
  if (values.transcript) process.stdout.write(`${transcript.join("\n")}\n`);
  if (values.json) process.stdout.write(`${JSON.stringify(result)}\n`);
  else if (!result.violation)
    process.stdout.write(
      `seed ${seed}: every promise was kept over ${Math.round(result.simulatedMs / 1_000)} s, trace ` +
        `${result.traceHash}\n`,
    );
  if (result.violation) await report(chosen, { ...result, transcript }, steps);
  return !result.violation;
}

async function many(chosen: Chosen, steps: number): Promise<boolean> {
  const seeds = wholeNumber("seeds", values.seeds);
  const from = wholeNumber("from", values.from);
  const startedMs = Date.now();
  const answers: Answer[] = [];
  let failed = 0;
  let next = from;
  let progressPrintedMs = startedMs;
  const workers = Array.from({ length: Math.max(1, Math.min(wholeNumber("workers", values.workers), seeds)) }, () =>
    fork(new URL("./worker.ts", import.meta.url), [chosen.url], {
      execArgv: [...process.execArgv, ...WORKER_NODE_OPTIONS],
    }),
  );
  await Promise.all(
    workers.map(
      (worker) =>
        new Promise<void>((resolve, reject) => {
          const give = (): void => {
            if (next >= from + seeds) return resolve();
            worker.send({ seed: next++, steps } satisfies Task);
          };
          worker.on("message", (answer: Answer) => {
            answers.push(answer);
            if (answer.violation && ++failed <= FAILED_PRINTED_MAX) process.stderr.write(violationLine(answer));
            if (Date.now() - progressPrintedMs > 2_000) {
              progressPrintedMs = Date.now();
              process.stderr.write(
                `${answers.length} of ${seeds} seeds, ${((progressPrintedMs - startedMs) / 1_000).toFixed(0)} s, ` +
                  `${failed} failed\n`,
              );
            }
            give();
          });
          worker.on("exit", (code) => reject(new Error(`a worker ended with ${code}`)));
          give();
        }),
    ),
  );
  for (const worker of workers) worker.removeAllListeners("exit").disconnect();
  return summarize(chosen, answers, steps, (Date.now() - startedMs) / 1_000);
}

async function summarize(chosen: Chosen, answers: readonly Answer[], steps: number, tookS: number): Promise<boolean> {
  const counts: Record<string, number> = {};
  for (const answer of answers)
    for (const [name, count] of Object.entries(answer.counts)) counts[name] = (counts[name] ?? 0) + count;
  const sum = (of: (answer: Answer) => number): number => answers.reduce((total, answer) => total + of(answer), 0);
  const failed = answers.filter(({ violation }) => violation).sort((a, b) => a.seed - b.seed);
  const faults = Object.fromEntries(FAULT_NAMES.map((name) => [name, counts[name] ?? 0]));
  const summary = {
    seeds: answers.length,
    steps,
    failed: failed.map(({ seed, step, violation }) => ({ seed, step, ...violation })),
    faults,
    fenced: counts["fenced"] ?? 0,
    rebalances: sum(({ rebalances }) => rebalances),
    events: sum(({ events }) => events),
    parked: sum(({ parked }) => parked),
    followed: sum(({ followed }) => followed),
    answered: sum(({ followEnds: { complete = 0, purged = 0 } }) => complete + purged),
    daysBegun: sum(({ daysBegun }) => daysBegun),
    simulatedHours: Number((sum(({ simulatedMs }) => simulatedMs) / 3_600_000).toFixed(1)),
    seconds: Number(tookS.toFixed(1)),
  };
  if (values.json) process.stdout.write(`${JSON.stringify(summary)}\n`);
  else
    process.stdout.write(
      [
        `${summary.seeds} seeds of ${steps} steps in ${summary.seconds} s: ${failed.length} failed`,
        `${summary.simulatedHours} simulated hours, ${summary.events} events published, ${summary.parked} intents ` +
          `parked, ${summary.daysBegun} days of entities begun, ${summary.rebalances} rebalances, ` +
          `${summary.fenced} turns fenced, ${summary.followed} messages followed, ${summary.answered} to the end`,
        `faults: ${Object.entries(faults)
          .map(([name, count]) => `${name} ${count}`)
          .join(", ")}`,
        "",
      ].join("\n"),
    );
  if (failed[0]) await report(chosen, { ...failed[0], transcript: [] }, steps);
  return failed.length === 0;
}

const violationLine = ({ seed, step, violation }: Answer): string =>
  `seed ${seed} at step ${step}: ${violation?.promise} ${violation?.what.slice(0, 300)}\n`;

/** Prints the violation, how to reproduce it, and the shortest history in which it occurs. */
async function report({ name, domain }: Chosen, failed: SimulationResult, steps: number): Promise<void> {
  const { result, kept } = await shrink(failed, { domain });
  process.stderr.write(
    [
      "",
      `${failed.violation?.promise} is broken: ${failed.violation?.what}`,
      `to reproduce: npm run sim -- --domain ${name} --seed ${failed.seed} --steps ${steps}`,
      `shrunk to ${kept.length} of ${failed.step + 1} steps:`,
      ...result.transcript,
      `${result.violation?.promise}: ${result.violation?.what}`,
      "",
    ].join("\n"),
  );
}
