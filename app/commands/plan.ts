import { type Command, InvalidArgumentError, Option } from "commander";
import { compileDomain } from "../../runtime/contract/compile/compile-domain.ts";
import type { PlannedOutcome, PlannedStep } from "../../runtime/replay/plan.ts";
import { type PlanReport, runPlan } from "../journal/plan-report.ts";
import { readFolder } from "../terminal/contract-folder.ts";
import { type JournalOptions, withJournalOptions, withJournal } from "../terminal/journal-options.ts";
import { createProgressLine } from "../terminal/progress-line.ts";
import { type Colors, colorsOf, print, replaceUnprintable, printJson } from "../terminal/output.ts";

const HOUR_MS = 3_600_000;

interface Options extends JournalOptions {
  readonly hours: number;
}
export function addPlanCommands(program: Command): void {
  withJournalOptions(program.command("plan"))
    .description(
      "runs the journal's last hours against edited contracts and lists the nodes that would have ended " +
        "differently, and why; nothing is changed. Exits 1 if there are any",
    )
    .argument("<dir>", "folder with the edited contracts")
    .addOption(new Option("--hours <hours>", "how far back").argParser(parseHours).default(24))
    .action(run);
}

async function run(dir: string, options: Options, command: Command): Promise<void> {
  const folder = readFolder(dir);
  if (!folder) return;
  const { model } = folder;
  // A file names the time at which it was written, and the hours count back from that.
  const since = options.from === undefined ? new Date(Date.now() - options.hours * HOUR_MS).toISOString() : undefined;
  const progress = createProgressLine(process.stderr);
  const report = await withJournal(options, command, { since }, (journal) =>
    runPlan(journal, compileDomain(model, journal.head), options.hours, ({ nodes, otherwise, unknown }) =>
      progress.update(() => `${nodes} nodes, ${otherwise} otherwise, ${unknown} unknown`),
    ),
  );
  progress.clear();
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
      `${replaceUnprintable(entityId)}: ${recorded.join(", ")}, now ${colors.yellow("unknown")}: ` +
        `${replaceUnprintable(reason ?? "")}`,
    );
  if (unknown > notKnown.length) print(colors.dim(`... and ${unknown - notKnown.length} more`));
  for (const note of report.notes) print(colors.yellow(replaceUnprintable(note)));
  print("Inputs are taken as recorded: how nodes would have answered to other events is not predicted.");
  const others = byOtherSteps > 0 ? ` (${byOtherSteps} by other steps)` : "";
  const incompleteText = incomplete > 0 ? `, ${incomplete} can't be replayed` : "";
  print(`${otherwise} end otherwise, ${unknown} unknown, ${same} end the same${others}${incompleteText}`);
}

function printEnd({ entityId, recorded, planned, first, unknown }: PlannedOutcome, colors: Colors): void {
  const unknownText = unknown === null ? "" : `, then ${colors.yellow("unknown")}: ${replaceUnprintable(unknown)}`;
  print(`${replaceUnprintable(entityId)}: ${recorded.join(", ")}, now ${colors.red(planned.join(", "))}${unknownText}`);
  if (!first) return;
  print(`  diverges at ${first.at}, partition ${first.partition} seq ${first.seq}, ${replaceUnprintable(first.type)}`);
  print(`    recorded  ${stepText(first.recorded)}`);
  print(`    planned   ${stepText(first.planned)}`);
}

const stepText = (taken: PlannedStep | null): string =>
  taken === null ? "no such step" : replaceUnprintable(`${taken.state ?? "no state"}: ${taken.reason}`);

function parseHours(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= 24 * 366)) throw new InvalidArgumentError("a number above 0, at most a year");
  return value;
}
