import { existsSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import type { ServiceAddresses } from "../../test/real/services/service-addresses.ts";
import { up } from "../../test/real/services/services.ts";
import { compare, comparisonRows, type Figures, type Round } from "../comparison.ts";
import { failure } from "../failure.ts";
import { measureAtOnce, type MeasuredEngine, measureLatencies, RATE } from "../measure-beside.ts";
import { aligned } from "../report.ts";
import { startRollcall } from "../rollcall-engine.ts";
import { PARTITIONS, startBaseline, withEngine } from "./engine-scene.ts";
import type { Given } from "./peers/peers.ts";

const HELP = `npm run bench:beside -- --other DIR [options]
Measures this tree beside another checkout of it, built (npm run build), and the hand-written baseline: in rounds, on
the same services, with a database and a namespace for each. What is printed are medians, and the ratio this/other of
each round: its median, the least and the most.
  --other DIR      the other checkout
  --rounds N       (default 5)
  --count N        registrations at once: rate, CPU, rows, WAL, memory (default 10000)
  --one-at-a-time N   registrations one at a time: latencies, WAL (default 200)
  --warm-up N      registrations before anything counts (default 2000)
  --json FILE      write the figures, those of each round too, as JSON
Latencies are measured at half of the slower tree's rate, too. BENCH_NODE_FLAGS is for both trees.
`;
const { values: options } = parseArgs({
  options: {
    other: { type: "string", default: "" },
    rounds: { type: "string", default: "5" },
    count: { type: "string", default: "10000" },
    "one-at-a-time": { type: "string", default: "200" },
    "warm-up": { type: "string", default: "2000" },
    json: { type: "string" },
    help: { type: "boolean" },
  },
});
type EngineName = keyof Round;

async function main(): Promise<void> {
  const rollcall = resolve(options.other, "dist/app/rollcall.js");
  if (options.other === "" || !existsSync(rollcall))
    throw new Error(`--other ${options.other}: no checkout that is built: npm run build there`);
  const services = await up({ keep: false });
  const rounds: Round[] = [];
  try {
    for (let round = 0; round < Number(options.rounds); round++) {
      rounds.push(await playRound(services.addresses, rollcall, round));
      // After each one: a round takes minutes, and those before it count when it fails.
      tell(rounds);
    }
  } finally {
    await services.release();
  }
}

function tell(rounds: readonly Round[]): void {
  const compared = compare(rounds);
  process.stdout.write(`rounds: ${rounds.length}\n${aligned(comparisonRows(compared))}\n\n`);
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify({ compared, rounds }, null, 2)}\n`);
}

/** Who goes first changes from round to round: what the first leaves behind must not count for the same one always. */
async function playRound(services: ServiceAddresses, other: string, round: number): Promise<Round> {
  const order: EngineName[] = round % 2 === 0 ? ["this", "other", "baseline"] : ["other", "this", "baseline"];
  const figures: Record<EngineName, Figures> = { this: {}, other: {}, baseline: {} };
  const measure = async (name: EngineName, play: (engine: MeasuredEngine) => Promise<Figures>): Promise<void> => {
    const found = await withMeasured(services, name, other, play);
    process.stderr.write(`round ${round + 1}, ${name}: ${JSON.stringify(found)}\n`);
    figures[name] = { ...figures[name], ...found };
  };
  for (const name of order) await measure(name, (engine) => measureAtOnce(engine, Number(options.count)));
  const perSecond = Math.min(...[figures.this, figures.other].map((each) => each[RATE] ?? Number.NaN)) / 2;
  const oneAtATime = Number(options["one-at-a-time"]);
  for (const name of order) await measure(name, (engine) => measureLatencies(engine, { oneAtATime, perSecond }));
  return figures;
}

const withMeasured = (
  services: ServiceAddresses,
  name: EngineName,
  other: string,
  play: (engine: MeasuredEngine) => Promise<Figures>,
): Promise<Figures> => {
  const start = (given: Given) =>
    name === "baseline"
      ? startBaseline(given)
      : startRollcall(
          { ...services, database: given.database },
          {
            ...{ module: "registration", domain: "registration", runId: given.runId, partitions: PARTITIONS },
            rollcall: name === "other" ? other : undefined,
          },
        );
  return withEngine(services, { canLeave: name !== "baseline", start }, ({ given, engine, nodes }) =>
    play({
      ...{ running: engine, load: nodes, database: given.database, runId: given.runId },
      warmUp: Number(options["warm-up"]),
    }),
  );
};

if (options.help) process.stdout.write(HELP);
else await main().catch(failure("bench:beside"));
