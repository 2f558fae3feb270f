import { readFileSync, writeFileSync } from "node:fs";

type Figures = Readonly<Record<string, number>>;

interface GateOptions {
  /** The file with what is budgeted. */
  readonly budget: string;
  /** Writes the figures as the new budget instead. */
  readonly update: boolean;
  /** Shares by which figures, by name, may exceed their budget. */
  readonly tolerances: Figures;
}

/** Prints the figures beside their budget; sets the exit code 1 when one is above it. */
export function gate(figures: Figures, { budget: file, update, tolerances }: GateOptions): void {
  if (update) return writeFileSync(file, `${JSON.stringify(figures, null, 2)}\n`);
  const budget = budgetOf(file);
  const rows = Object.entries(figures).map(([name, figure]) => {
    const most = (budget[name] ?? 0) * (1 + (tolerances[name] ?? 0));
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

function budgetOf(file: string): Figures {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Figures;
  } catch (error) {
    throw new Error(`${file} can't be read as a budget (${String(error)}): --update writes one`, { cause: error });
  }
}
