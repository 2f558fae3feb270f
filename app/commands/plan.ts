import { type Command, InvalidArgumentError, Option } from "commander";
import { compileDomain } from "../../runtime/contract/compile.ts";
import { formatDiagnostics } from "../../runtime/contract/format-diagnostics.ts";
import { validateDomain } from "../../runtime/contract/validate.ts";
import type { Domain } from "../../runtime/core/domain.ts";
import { Plan, type PlannedEnd, type PlannedStep } from "../../runtime/core/plan.ts";
import type { OpenJournal } from "../journal/open-journal.ts";
import { registrationOnPaper } from "../registration-effects.ts";
import { type JournalOptions, readsJournal, withJournal } from "./journal.ts";
import { progressOn } from "./progress.ts";
import { type Colors, colorsOf, print, printable, printJson } from "./terminal.ts";

const HOUR_MS = 3_600_000;
/** Of nodes that end otherwise, and of those of which it can't be known: more are counted, not told. */
const TOLD_MAX = 100;

interface Options extends JournalOptions {
  readonly hours: number;
}
interface Report {
  readonly since: string;
  readonly until: string;
  readonly nodes: number;
  readonly otherwise: number;
  readonly unknown: number;
  /** Same ends; `byOtherSteps` of them by other steps. */
  readonly same: number;
  readonly byOtherSteps: number;
  readonly incomplete: number;
  readonly found: readonly PlannedEnd[];
  readonly notKnown: readonly PlannedEnd[];
  readonly notes: readonly string[];
}

export function addPlanCommands(program: Command): void {
  readsJournal(program.command("plan"))
    .description(
      "runs the journal's last hours against edited contracts and lists the nodes that would have ended otherwise, and why; nothing is done. Exits 1 if there are any",
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
  const report = await withJournal(options, command, { since }, (journal) =>
    plan(journal, compileDomain(set, code, journal.head), options.hours),
  );
  if (options.json) printJson(report);
  else printReport(report, dir, colorsOf(process.stdout));
  if (report.otherwise > 0) process.exitCode = 1;
}

async function plan(
  { head, contracts, problems, histories }: OpenJournal,
  edited: Domain,
  hoursBack: number,
): Promise<Report> {
  const untilMs = Date.parse(head.read_at);
  const sinceMs = untilMs - hoursBack * HOUR_MS;
  const counts = { nodes: 0, otherwise: 0, unknown: 0, same: 0, byOtherSteps: 0, incomplete: 0 };
  const found: PlannedEnd[] = [];
  const notKnown: PlannedEnd[] = [];
  const planned = new Plan(contracts, edited, { sinceMs, untilMs }, {
    end: (end) => {
      counts.nodes++;
      counts[end.verdict]++;
      if (end.verdict === "same" && end.first) counts.byOtherSteps++;
      if (end.verdict === "otherwise" && found.length < TOLD_MAX) found.push(end);
      if (end.verdict === "unknown" && notKnown.length < TOLD_MAX) notKnown.push(end);
    },
    incomplete: () => counts.incomplete++,
  }); // prettier-ignore
  const progress = progressOn(process.stderr);
  for await (const line of histories) {
    if (line.line === "row") planned.row(line);
    else planned.stored(line);
    progress.tell(() => `${counts.nodes} nodes, ${counts.otherwise} otherwise, ${counts.unknown} unknown`);
  }
  planned.end();
  progress.end();
  const [since, until] = [new Date(sinceMs).toISOString(), new Date(untilMs).toISOString()];
  return { since, until, ...counts, found, notKnown, notes: [...problems, ...notesOn(contracts, edited)] };
}

/** What the edited contracts change, and recorded inputs can't show. */
function notesOn(contracts: ReadonlyMap<string, Domain>, edited: Domain): string[] {
  const ran = [...contracts.values()];
  const policy = ({ effects }: Domain) => JSON.stringify([...effects.values()].map(({ effect: _, ...spec }) => spec));
  return [
    ...(ran.some(({ maxClockSkewMs }) => maxClockSkewMs !== edited.maxClockSkewMs)
      ? ["max_clock_skew differs: event times are taken as recorded"]
      : []),
    ...(ran.every((domain) => policy(domain) === policy(edited))
      ? []
      : ["effects' policies differ: what became of intents, and when, is taken as recorded"]),
  ];
}

function printReport(report: Report, dir: string, colors: Colors): void {
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
