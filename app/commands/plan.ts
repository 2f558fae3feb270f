import { type Command, InvalidArgumentError, Option } from "commander";
import { compileDomain } from "../../runtime/contract/compile/compile-domain.ts";
import { formatDiagnostics } from "../../runtime/contract/diagnostics/format-diagnostics.ts";
import { validateDomain } from "../../runtime/contract/checks/validate.ts";
import type { PlannedEnd, PlannedStep } from "../../runtime/replay/plan.ts";
import { type PlanReport, planReport } from "../journal/plan-report.ts";
import { registrationOnPaper } from "../modules/registration-effects.ts";
import { type JournalOptions, readsJournal, withJournal } from "../terminal/journal-options.ts";
import { progressOn } from "../terminal/progress-line.ts";
import { type Colors, colorsOf, print, printable, printJson } from "../terminal/output.ts";

const HOUR_MS = 3_600_000;

interface Options extends JournalOptions {
  readonly hours: number;
}
export function addPlanCommands(program: Command): void {
  readsJournal(program.command("plan"))
    .description(
      "runs the journal's last hours against edited contracts and lists the nodes that would have ended " +
        "otherwise, and why; nothing is done. Exits 1 if there are any",
    )
    .argument("<dir>", "folder with the edited contracts")
    .addOption(new Option("--hours <hours>", "how far back").argParser(hours).default(24))
    .action(run);
}

async function run(dir: string, options: Options, command: Command): Promise<void> {
  const code = registrationOnPaper();
  const { set, diagnostics } = validateDomain(dir, code);
  if (!set) {
    process.stderr.write(formatDiagnostics(diagnostics, "text", { colors: false }));
    process.exitCode = 1;
    return;
  }
  // A file tells itself when it was read: how far back is counted from then.
  const since = options.from === undefined ? new Date(Date.now() - options.hours * HOUR_MS).toISOString() : undefined;
  const progress = progressOn(process.stderr);
  const report = await withJournal(options, command, { since }, (journal) =>
    planReport(journal, compileDomain(set, code, journal.head), options.hours, ({ nodes, otherwise, unknown }) =>
      progress.tell(() => `${nodes} nodes, ${otherwise} otherwise, ${unknown} unknown`),
    ),
  );
  progress.end();
  if (options.json) printJson(report);
  else printReport(report, dir, colorsOf(process.stdout));
  if (report.otherwise > 0) process.exitCode = 1;
}

function printReport(report: PlanReport, dir: string, colors: Colors): void {
  const { since, until, nodes, otherwise, unknown, same, byOtherSteps, incomplete, found, notKnown } = report;
  print(`${nodes} nodes with journaled steps from ${since} to ${until}, as ${dir} would have had them:`);
  for (const end of found) printEnd(end, colors);
  if (otherwise > found.length) print(colors.dim(`... and ${otherwise - found.length} more`));
  for (const { entityId, recorded, unknown: reason } of notKnown)
    print(
      `${printable(entityId)}: ${recorded.join(", ")}, now ${colors.yellow("unknown")}: ${printable(reason ?? "")}`,
    );
  if (unknown > notKnown.length) print(colors.dim(`... and ${unknown - notKnown.length} more`));
  for (const note of report.notes) print(colors.yellow(printable(note)));
  print("Inputs are taken as recorded: what nodes would have answered to other events is not guessed.");
  const others = byOtherSteps > 0 ? ` (${byOtherSteps} by other steps)` : "";
  const rest = incomplete > 0 ? `, ${incomplete} can't be taken again` : "";
  print(`${otherwise} end otherwise, ${unknown} unknown, ${same} end the same${others}${rest}`);
}

function printEnd({ entityId, recorded, planned, first, unknown }: PlannedEnd, colors: Colors): void {
  const rest = unknown === null ? "" : `, then ${colors.yellow("unknown")}: ${printable(unknown)}`;
  print(`${printable(entityId)}: ${recorded.join(", ")}, now ${colors.red(planned.join(", "))}${rest}`);
  if (!first) return;
  print(`  parts at ${first.at}, partition ${first.partition} seq ${first.seq}, ${printable(first.type)}`);
  print(`    recorded  ${shown(first.recorded)}`);
  print(`    planned   ${shown(first.planned)}`);
}

const shown = (taken: PlannedStep | null): string =>
  taken === null ? "does not happen there" : printable(`${taken.state ?? "no state"}: ${taken.reason}`);

function hours(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= 24 * 366)) throw new InvalidArgumentError("a number above 0, at most a year");
  return value;
}
