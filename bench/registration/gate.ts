import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { shippedDomain } from "../../test/registration/shipped-domain.ts";
import { allocatedBytesPerStep } from "../core.ts";
import { countsOf } from "../counts.ts";
import { failure } from "../failure.ts";
import { gate } from "../gate.ts";
import { registration } from "./core-scripts.ts";
import { REGISTRATIONS } from "./counted-registrations.ts";

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

async function main(): Promise<void> {
  const figures: Record<string, number> = {};
  for (const [batch, counts] of await countsOf(REGISTRATIONS, BATCHES))
    for (const [name, count] of Object.entries(counts)) figures[`${name}, ${batch} at once`] = count;
  figures[ALLOCATED] = allocatedBytesPerStep(shippedDomain, registration);
  gate(figures, { ...options, tolerances: { [ALLOCATED]: ALLOCATION_TOLERANCE } });
}

if (options.help) process.stdout.write(HELP);
else await main().catch(failure("bench:gate"));
