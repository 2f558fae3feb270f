import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { allocatedBytesPerStep } from "../core.ts";
import { countsOf } from "../counts.ts";
import { failure } from "../failure.ts";

const HELP = `npm run bench:gate -- [--budget FILE] [--update]
Counts what a registration asks of the services, and what the core allocates for a step, and compares it with what is
budgeted: no clock is asked, so the answer is the same on every machine.
  --budget FILE   the budget (default: the committed one)
  --update        writes what was counted as the new budget
Exits 1 when something is above its budget.
`;
/** Of registrations that come at once. */
const BATCHES = [1, 30, 300];
const ALLOCATED = "bytes allocated for a step";
/** V8 decides while it runs what it need not allocate: a little differs from run to run. */
const ALLOCATION_TOLERANCE = 0.1;

const { values: options } = parseArgs({
  options: {
    budget: { type: "string", default: fileURLToPath(new URL("budget.json", import.meta.url)) },
    update: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

type Figures = Record<string, number>;

async function counted(): Promise<Figures> {
  const figures: Figures = {};
  for (const [batch, counts] of await countsOf(BATCHES))
    for (const [name, count] of Object.entries(counts)) figures[`${name}, ${batch} at once`] = count;
  return { ...figures, [ALLOCATED]: allocatedBytesPerStep() };
}

function budgetOf(file: string): Figures {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Figures;
  } catch (error) {
    throw new Error(`${file} can't be read as a budget (${String(error)}): --update writes one`, { cause: error });
  }
}

async function main(): Promise<void> {
  const figures = await counted();
  if (options.update) return writeFileSync(options.budget, `${JSON.stringify(figures, null, 2)}\n`);
  const budget = budgetOf(options.budget);
  const rows = Object.entries(figures).map(([name, figure]) => {
    const most = (budget[name] ?? 0) * (name === ALLOCATED ? 1 + ALLOCATION_TOLERANCE : 1);
    return { name, figure, budget: budget[name], isOver: figure > most };
  });
  for (const { name, figure, budget: allowed } of rows)
    process.stdout.write(`${name.padEnd(30)} ${String(figure).padStart(10)}  budget ${allowed ?? "none"}\n`);
  const over = rows.filter(({ isOver }) => isOver);
  if (over.length === 0) return;
  const told = over.map(({ name, figure, budget: allowed }) => `  ${name}: ${figure}, budgeted ${allowed ?? "none"}\n`);
  process.stdout.write(
    `Above the budget:\n${told.join("")}If that is meant: npm run bench:gate -- --update, and say why.\n`,
  );
  process.exitCode = 1;
}

if (options.help) process.stdout.write(HELP);
else await main().catch(failure("bench:gate"));
