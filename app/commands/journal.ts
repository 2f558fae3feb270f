import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { type Command, Option } from "commander";
import { refuseFormerStore } from "../../runtime/adapters/former-store.ts";
import { PostgresStore } from "../../runtime/adapters/postgres/postgres-store.ts";
import { compileDomain } from "../../runtime/contract/compile/compile-domain.ts";
import { Fault } from "../../runtime/core/fault.ts";
import type { PlannedOutcome, StepSummary } from "../../runtime/replay/plan.ts";
import type { ReplayDifference } from "../../runtime/replay/replay-findings.ts";
import { Replay } from "../../runtime/replay/replay.ts";
import { domainsInForce } from "../../runtime/stored/contract-sets.ts";
import { readStoreConfig } from "../host/config.ts";
import { configuredAs } from "../host/configuration.ts";
import { type ExportedLine, InvalidJournalError } from "../journal/exported-line.ts";
import { readJournalFile, readServerJournal } from "../journal/journal-source.ts";
import { type OpenJournal, openJournal } from "../journal/open-journal.ts";
import { type PlanReport, runPlan } from "../journal/plan-report.ts";
import type { TrialReport } from "../journal/trial-report.ts";
import { type JournalWindow, readStoredJournal } from "../journal/stored-journal.ts";
import type { DeclaredDomain } from "../host/declared-domains.ts";
import { compileFolder, domainsOf, type ModuleOptions, readFolder } from "../terminal/contract-folder.ts";
import { chooseDomain, type DomainOptions, withDomainOption } from "../terminal/domain-choice.ts";
import { parseNumberUpTo, parseTime, withModuleOption } from "../terminal/option-values.ts";
import { ServerProblem, type ServerOptions, withServerOptions } from "../terminal/server-client.ts";
import { clearProgress, colors, print, printJson, replaceUnprintable, showProgress } from "../terminal/output.ts";

/** Differences and incomplete entities beyond this number are counted, but not listed. */
const LISTED_MAX = 100;
const HOUR_MS = 3_600_000;

interface JournalOptions extends ServerOptions, ModuleOptions, DomainOptions {
  readonly from?: string;
}

export function addCommands(program: Command): void {
  withDomainOption(withJournalOptions(program.command("replay")))
    .description("repeats the journal's decisions; nothing is written except the file of --export")
    .option("--verify", "compares decisions, events and intents byte for byte, except reasons; exits 1 on a difference")
    .addOption(
      new Option("--export <file>", "writes the journal as NDJSON, - for standard output").conflicts([
        "verify",
        "from",
      ]),
    )
    .addOption(
      new Option("--since <time>", "only what was written from the beginning of that UTC day on, such as 2026-01-31")
        .argParser(parseTime)
        .conflicts("from"),
    )
    .action(replay);
  withJournalOptions(program.command("plan"))
    .description(
      "runs the journal's last hours against edited contracts and lists the entities that would have ended " +
        "differently, and why, and those that code with another stateVersion can't read; nothing is changed. Exits 1 " +
        "if there are any",
    )
    .argument("<dir>", "folder with the edited contracts")
    .option(
      "--hours <hours>",
      "how far back; what it begins with is read from the beginning of that UTC day on",
      parseNumberUpTo(24 * 366, "a year"),
      24,
    )
    .action(plan);
}

/** What a command that reads a journal can be told of it. */
const withJournalOptions = (command: Command): Command =>
  withModuleOption(withServerOptions(command))
    .option("--from <file>", "a file that --export wrote")
    .option("--journal", "the journal of DATABASE_URL, or of the server at --url: the default", true);

/** Reads the chosen journal. An invalid or damaged one ends the command like an invalid argument. */
async function withJournal<Result>(
  options: JournalOptions,
  command: Command,
  window: JournalWindow,
  read: (lines: AsyncIterable<ExportedLine>) => Promise<Result>,
): Promise<Result> {
  const lines = journalLines(options, command, window);
  try {
    return await read(lines);
  } catch (error) {
    if (error instanceof InvalidJournalError) command.error(`error: ${error.message}`);
    if ((error instanceof Fault || error instanceof ServerProblem) && error.code?.startsWith("JOURNAL_"))
      command.error(`error: ${error.code}: ${error.message}`);
    throw error;
  } finally {
    await lines.return(undefined);
  }
}

/** @throws ConfigError at once, before a file of --export is opened */
function journalLines(options: JournalOptions, command: Command, window: JournalWindow): AsyncGenerator<ExportedLine> {
  if (options.from !== undefined) return readJournalFile(options.from);
  const config = readStoreConfig(process.env);
  const asksServer = config.DATABASE_URL === undefined || command.getOptionValueSource("url") === "cli";
  return asksServer ? readServerJournal(options, window) : databaseLines(config, options, window);
}

async function* databaseLines(
  config: ReturnType<typeof readStoreConfig>,
  { domain }: DomainOptions,
  window: JournalWindow,
): AsyncGenerator<ExportedLine> {
  const access = { url: config.DATABASE_URL ?? "", maxConnections: 1, readOnly: true };
  const store = new PostgresStore({ ...access, applicationName: "rollcall replay" });
  try {
    await refuseFormerStore(store);
    const stored = (await domainsInForce(store)).map((name) => ({ name }));
    yield* readStoredJournal(store, chooseDomain(stored, domain, "the store").name, config, window);
  } finally {
    await store.close();
  }
}

/** Reads the journal's head and compiles its contracts with the module's code; the rows are still to be read. */
const openWithContracts = (
  lines: AsyncIterable<ExportedLine>,
  domains: readonly DeclaredDomain[],
  wanted: string | undefined,
): Promise<OpenJournal> =>
  openJournal(lines, (name) => {
    if (wanted !== undefined && name !== wanted)
      throw new InvalidJournalError(`a journal of the domain ${name}, not of ${wanted}`);
    const { code, directory } = chooseDomain(domains, name, "the modules");
    return { code, compile: (names) => compileFolder(directory, code, names) };
  });

interface ReplayOptions extends JournalOptions {
  readonly verify?: boolean;
  readonly export?: string;
  readonly since?: string;
}

async function replay(options: ReplayOptions, command: Command): Promise<void> {
  if (options.export !== undefined) return exportJournal(options.export, options, command);
  if (!options.verify) command.error("error: give --verify, or --export <file>");
  const domains = await domainsOf(options);
  const report = await withJournal(options, command, { since: options.since }, async (lines) =>
    verify(await openWithContracts(lines, domains, options.domain)),
  );
  if (options.json) printJson(report);
  else printReplay(report);
  if (!report.ok) process.exitCode = 1;
}

async function exportJournal(file: string, options: ReplayOptions, command: Command): Promise<void> {
  let lines = 0;
  const toNdjson = async function* (source: AsyncIterable<ExportedLine>): AsyncGenerator<string> {
    for await (const line of source) {
      lines++;
      yield `${JSON.stringify(line)}\n`;
    }
  };
  const isToFile = file !== "-";
  await withJournal(options, command, { since: options.since }, (source) =>
    pipeline(toNdjson(source), isToFile ? createWriteStream(file) : process.stdout, { end: isToFile }),
  );
  if (isToFile) print(`${lines} lines in ${file}`);
}

async function verify({ contracts, problems, entityHistories }: OpenJournal) {
  const found: ReplayDifference[] = [];
  const incompleteEntities: { entityId: string; reason: string }[] = [];
  const replay = new Replay(contracts, {
    difference: (difference) => {
      found.push(difference);
      // Partitions come one after the other: the earliest of all are known only at the end.
      if (found.length > 20 * LISTED_MAX) found.splice(0, Infinity, ...earliest(found));
    },
    incomplete: (entityId, reason) => {
      if (incompleteEntities.length < LISTED_MAX) incompleteEntities.push({ entityId, reason });
    },
  });
  for await (const line of entityHistories) {
    if (line.line === "row") replay.addLine(line);
    else replay.addSnapshot(line);
    const { rows, entities, differences } = replay.counts;
    showProgress(() => `${rows} rows, ${entities} entities, ${differences} differences`);
  }
  const counts = replay.end();
  clearProgress();
  const ok = counts.differences === 0 && counts.incomplete === 0;
  return { ok, ...counts, found: earliest(found), incompleteEntities, problems };
}

const earliest = (found: readonly ReplayDifference[]): ReplayDifference[] =>
  found
    .toSorted((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : a.partition - b.partition || a.seq - b.seq))
    .slice(0, LISTED_MAX);

function printReplay(report: Awaited<ReturnType<typeof verify>>): void {
  const { rows, entities, steps, events, intents, deadLetters, states, notCompared } = report;
  const { differences, reworded, incomplete, found } = report;
  for (const problem of report.problems) print(colors.yellow(replaceUnprintable(problem)));
  let previousHeading = "";
  for (const difference of found) {
    const heading =
      `${difference.entityId ?? "(no entity)"}  partition ${difference.partition} seq ` +
      `${difference.seq}  ${difference.at}  ${difference.type}`;
    const followsText = difference.follows ? colors.dim("  (may follow from an earlier one)") : "";
    if (heading !== previousHeading) print(`${colors.red(replaceUnprintable(heading))}${followsText}`);
    previousHeading = heading;
    print(`  ${replaceUnprintable(difference.field)}`);
    print(`    recorded  ${valueText(difference.recorded)}`);
    print(`    replayed  ${valueText(difference.replayed)}`);
  }
  if (differences > found.length) print(colors.dim(`... and ${differences - found.length} more`));
  for (const { entityId, reason } of report.incompleteEntities)
    print(`${replaceUnprintable(entityId)} not replayed: ${reason}`);
  const counts =
    `${rows} rows of ${entities} entities: ${steps} steps, ${events} events, ${intents} intents, ` +
    `${deadLetters} dead letters, ${states} stored states` +
    (notCompared > 0 ? ` (${notCompared} not compared: changed meanwhile, or without rows)` : "");
  const rewordedText = reworded > 0 ? `, reworded: ${reworded}` : "";
  if (report.ok) return print(`${counts}: all are the same${rewordedText === "" ? " byte for byte" : rewordedText}`);
  const differencesText = colors.red(`${differences} differences`);
  print(`${counts}: ${differencesText}, ${incomplete} entities not replayed to the end${rewordedText}`);
}

const valueText = (value: unknown): string =>
  value === undefined ? "nothing" : replaceUnprintable(JSON.stringify(value)).slice(0, 500);

async function plan(
  dir: string,
  options: Omit<JournalOptions, "domain"> & { readonly hours: number },
  command: Command,
): Promise<void> {
  const model = await readFolder(dir, options);
  if (!model) return;
  const { domain } = model.code;
  // The hours count back from now; in a file from the time at which it was written, which its head states.
  const since = options.from === undefined ? new Date(Date.now() - options.hours * HOUR_MS).toISOString() : undefined;
  const window = { since, stateVersion: model.code.stateVersion };
  const report = await withJournal({ ...options, domain }, command, window, async (lines) => {
    const journal = await openWithContracts(lines, await domainsOf(options), domain);
    const edited = compileDomain(configuredAs(model, journal.newest), journal.head);
    return runPlan(journal, edited, options.hours, ({ entities, otherwise, unknown }) =>
      showProgress(() => `${entities} entities, ${otherwise} otherwise, ${unknown} unknown`),
    );
  });
  clearProgress();
  if (options.json) printJson(report);
  else printPlan(report, dir);
  if (report.otherwise > 0 || isRefused(report.trial)) process.exitCode = 1;
}

function printPlan(report: PlanReport, dir: string): void {
  const { since, until, entities, otherwise, unknown, same, byOtherSteps, incomplete, found, notKnown } = report;
  print(`${entities} entities with journaled steps from ${since} to ${until}, as ${dir} would have had them:`);
  for (const outcome of found) printOutcome(outcome);
  if (otherwise > found.length) print(colors.dim(`... and ${otherwise - found.length} more`));
  for (const { entityId, recorded, unknown: reason } of notKnown)
    print(
      `${replaceUnprintable(entityId)}: ${recorded.join(", ")}, now ${colors.yellow("unknown")}: ` +
        `${replaceUnprintable(reason ?? "")}`,
    );
  if (unknown > notKnown.length) print(colors.dim(`... and ${unknown - notKnown.length} more`));
  for (const note of report.notes) print(colors.yellow(replaceUnprintable(note)));
  if (report.trial) printTrial(report.trial);
  print("Inputs are taken as recorded: how senders would have answered to other events is not predicted.");
  const others = byOtherSteps > 0 ? ` (${byOtherSteps} by other steps)` : "";
  const incompleteText = incomplete > 0 ? `, ${incomplete} can't be replayed` : "";
  print(`${otherwise} end otherwise, ${unknown} unknown, ${same} end the same${others}${incompleteText}`);
}

/** Whether the edited code would be refused at its start. */
const isRefused = (trial: TrialReport | null): boolean =>
  trial !== null && (trial.unreadable > 0 || trial.edited < trial.stored);

function printTrial({ stored, edited, tried, unreadable, found }: TrialReport): void {
  for (const { entityId, pointer, reason } of found)
    print(replaceUnprintable(`${entityId} can't be read under stateVersion ${edited}: ${pointer || "/"}: ${reason}`));
  if (unreadable > found.length) print(colors.dim(`... and ${unreadable - found.length} more`));
  if (edited < stored) print(colors.red(`stateVersion ${edited} would be refused: entities are of ${stored}`));
  else if (unreadable === 0) print(`${tried} entities can be read under stateVersion ${edited}, after ${stored}`);
  else print(colors.red(`stateVersion ${edited} would be refused: ${unreadable} of ${tried} entities can't be read`));
}

function printOutcome({ entityId, recorded, planned, first, unknown }: PlannedOutcome): void {
  const unknownText = unknown === null ? "" : `, then ${colors.yellow("unknown")}: ${replaceUnprintable(unknown)}`;
  print(`${replaceUnprintable(entityId)}: ${recorded.join(", ")}, now ${colors.red(planned.join(", "))}${unknownText}`);
  if (!first) return;
  print(`  diverges at ${first.at}, partition ${first.partition} seq ${first.seq}, ${replaceUnprintable(first.type)}`);
  print(`    recorded  ${stepText(first.recorded)}`);
  print(`    planned   ${stepText(first.planned)}`);
}

const stepText = (step: StepSummary | null): string =>
  step === null ? "no such step" : replaceUnprintable(`${step.state ?? "no state"}: ${step.reason}`);
