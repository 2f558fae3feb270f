import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { type Command, Option } from "commander";
import { Replay, type ReplayCounts, type ReplayDifference } from "../../runtime/replay/replay.ts";
import type { JournalLine } from "../journal/journal-line.ts";
import type { OpenJournal } from "../journal/open-journal.ts";
import { type JournalOptions, withJournalOptions, withJournal, withJournalLines } from "../terminal/journal-options.ts";
import { createProgressLine } from "../terminal/progress-line.ts";
import { type Colors, colorsOf, print, replaceUnprintable, printJson } from "../terminal/output.ts";

/** Differences and incomplete nodes beyond this number are counted, but not listed. */
const LISTED_MAX = 100;

interface Options extends JournalOptions {
  readonly verify?: boolean;
  readonly export?: string;
}
interface ReplayReport extends ReplayCounts {
  readonly ok: boolean;
  /** The earliest by time. */
  readonly found: readonly ReplayDifference[];
  readonly incompleteNodes: readonly { readonly entityId: string; readonly reason: string }[];
  readonly problems: readonly string[];
}

export function addReplayCommands(program: Command): void {
  withJournalOptions(program.command("replay"))
    .description("replays the journal through the core; nothing is written but the file of --export")
    .option(
      "--verify",
      "compares decisions, events and intents byte for byte, but for their reasons; exits 1 on a difference",
    )
    .addOption(
      new Option("--export <file>", "writes the journal as NDJSON, - for standard output").conflicts([
        "verify",
        "from",
      ]),
    )
    .action(run);
}

async function run(options: Options, command: Command): Promise<void> {
  if (options.export !== undefined) return exportJournal(options.export, options, command);
  if (!options.verify) command.error("error: give --verify, or --export <file>");
  const report = await withJournal(options, command, {}, verify);
  if (options.json) printJson(report);
  else printReport(report, colorsOf(process.stdout));
  if (!report.ok) process.exitCode = 1;
}

async function exportJournal(file: string, options: Options, command: Command): Promise<void> {
  let lines = 0;
  const toNdjson = async function* (source: AsyncIterable<JournalLine>): AsyncGenerator<string> {
    for await (const line of source) {
      lines++;
      yield `${JSON.stringify(line)}\n`;
    }
  };
  const toStandardOutput = file === "-";
  await withJournalLines(options, command, {}, (source) =>
    toStandardOutput
      ? pipeline(toNdjson(source), process.stdout, { end: false })
      : pipeline(toNdjson(source), createWriteStream(file)),
  );
  if (!toStandardOutput) print(`${lines} lines in ${file}`);
}

async function verify({ contracts, problems, entityHistories }: OpenJournal): Promise<ReplayReport> {
  const found: ReplayDifference[] = [];
  const incompleteNodes: { entityId: string; reason: string }[] = [];
  const replay = new Replay(contracts, {
    difference: (difference) => {
      found.push(difference);
      if (found.length > 20 * LISTED_MAX) found.splice(0, Infinity, ...earliest(found));
    },
    incomplete: (entityId, reason) => {
      if (incompleteNodes.length < LISTED_MAX) incompleteNodes.push({ entityId, reason });
    },
  });
  const progress = createProgressLine(process.stderr);
  for await (const line of entityHistories) {
    if (line.line === "row") replay.addRow(line);
    else replay.addSnapshot(line);
    const { rows, entities, differences } = replay.counts;
    progress.update(() => `${rows} rows, ${entities} nodes, ${differences} differences`);
  }
  const counts = replay.end();
  progress.clear();
  const ok = counts.differences === 0 && counts.incomplete === 0;
  return { ok, ...counts, found: earliest(found), incompleteNodes, problems };
}

const earliest = (found: readonly ReplayDifference[]): ReplayDifference[] =>
  found
    .toSorted((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : a.partition - b.partition || a.seq - b.seq))
    .slice(0, LISTED_MAX);

function printReport(report: ReplayReport, colors: Colors): void {
  const { rows, entities, steps, events, intents, deadLetters, states, differences, reworded, incomplete, found } =
    report;
  for (const problem of report.problems) print(colors.yellow(replaceUnprintable(problem)));
  let previousHeading = "";
  for (const difference of found) {
    const heading =
      `${difference.entityId ?? "(no node)"}  partition ${difference.partition} seq ` +
      `${difference.seq}  ${difference.at}  ${difference.type}`;
    if (heading !== previousHeading)
      print(`${colors.red(replaceUnprintable(heading))}${difference.follows ? colors.dim("  (follows)") : ""}`);
    previousHeading = heading;
    print(`  ${replaceUnprintable(difference.field)}`);
    print(`    recorded  ${valueText(difference.recorded)}`);
    print(`    replayed  ${valueText(difference.replayed)}`);
  }
  if (differences > found.length) print(colors.dim(`... and ${differences - found.length} more`));
  for (const { entityId, reason } of report.incompleteNodes)
    print(`${replaceUnprintable(entityId)} not replayed: ${reason}`);
  const what =
    `${rows} rows of ${entities} nodes: ${steps} steps, ${events} events, ${intents} intents, ` +
    `${deadLetters} dead letters, ${states} stored states`;
  const words = reworded > 0 ? `, reworded: ${reworded}` : "";
  if (report.ok) return print(`${what}: all come out ${words === "" ? "byte for byte" : `the same${words}`}`);
  print(`${what}: ${colors.red(`${differences} differences`)}, ${incomplete} nodes not replayed to the end${words}`);
}

const valueText = (value: unknown): string =>
  value === undefined ? "nothing" : replaceUnprintable(JSON.stringify(value)).slice(0, 500);
