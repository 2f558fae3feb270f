import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Command, Option } from "commander";
import { compileDomain } from "../../runtime/contract/compile/compile-domain.ts";
import { type Diagnostic, joinWithAnd } from "../../runtime/contract/diagnostics/diagnostic.ts";
import { type DiagnosticFormat, formatDiagnostics } from "../../runtime/contract/diagnostics/format-diagnostics.ts";
import { type ModelCheckResult, checkModel, STATES_MAX } from "../../runtime/contract/exploration/check-model.ts";
import { GRAPH_FORMATS, type GraphFormat, renderGraph } from "../../runtime/contract/graph/graph.ts";
import type { ContractSet } from "../../runtime/contract/reading/contract-source.ts";
import { schemaFiles } from "../http/docs/schemas-page.ts";
import { type CheckedFolder, type ModuleOptions, readFolder, validateFolders } from "../terminal/contract-folder.ts";
import { type DomainOptions, withDomainOption } from "../terminal/domain-choice.ts";
import { parseCount, withModuleOption } from "../terminal/option-values.ts";
import { colors, print, printJson } from "../terminal/output.ts";

const DIAGNOSTIC_FORMATS: readonly DiagnosticFormat[] = ["text", "json", "github"];

interface FormatOptions<Format> extends ModuleOptions, DomainOptions {
  readonly format: Format;
  readonly json: boolean;
}

export function addCommands(program: Command): void {
  withFormatOptions(folderCommand(program, "validate"), DIAGNOSTIC_FORMATS)
    .description("lists every problem of a domain's contracts; exits 1 on an error")
    .action(validate);
  withFormatOptions(folderCommand(program, "graph"), GRAPH_FORMATS)
    .description("draws the two state machines, and the flow from topics and calls to effects and projections")
    .action(printGraph);
  const contracts = program.command("contracts").description("files that are generated from a domain's contracts");
  folderCommand(contracts, "schemas")
    .description("writes a JSON Schema of each payload, for producers and consumers in other languages")
    .requiredOption("--out <dir>", "folder to write to; made if missing")
    .action(writeSchemas);
  withFormatOptions(folderCommand(program, "check"), DIAGNOSTIC_FORMATS)
    .description("explores every order of events for one entity under a domain's contracts; exits 1 on a violation")
    .option("--states <count>", "give up beyond this many states", parseCount, STATES_MAX)
    .addHelpText("after", CHECK_HELP)
    .action(check);
}

const folderCommand = (parent: Command, name: string): Command =>
  withDomainOption(
    withModuleOption(
      parent.command(name).argument("[dir]", "folder with the contracts; default: those of the modules"),
    ),
  );

/** `--format` and `--json`; the first format is the default. */
const withFormatOptions = (command: Command, formats: readonly string[]): Command =>
  command
    .addOption(new Option("--format <format>", "output format").choices(formats).default(formats[0]))
    .option("--json", "the same as --format json", false);

async function validate(dir: string | undefined, options: FormatOptions<DiagnosticFormat>): Promise<void> {
  const format = options.json ? "json" : options.format;
  const folders = await validateFolders(dir, options);
  const diagnostics = folders.flatMap((each) => each.diagnostics);
  process.stdout.write(formatDiagnostics(diagnostics, format, { colors: colors.isColorSupported }));
  if (folders.some(({ model }) => !model)) process.exitCode = 1;
  if (format !== "text") return;
  for (const folder of folders)
    if (folder.model) print(validationSummary(folder.dir, folder.model.set, folder.diagnostics));
}

function validationSummary(dir: string, set: ContractSet, diagnostics: readonly Diagnostic[]): string {
  const { domain, reducer, effects, computes, gateways } = set;
  const warnings = diagnostics.length === 0 ? "no problems" : `${diagnostics.length} warnings`;
  const effectCount = effects.reduce((sum, { contract }) => sum + contract.handler_routing.handlers.length, 0);
  const projectionCount = computes.reduce((sum, { contract }) => sum + contract.projections.length, 0);
  const parts = joinWithAnd([
    "an orchestrator",
    reducer ? "a reducer" : "no reducer",
    counted(effectCount, "effect"),
    ...(projectionCount > 0 ? [counted(projectionCount, "projection")] : []),
    ...(gateways.length > 0 ? [counted(gateways.length, "gateway")] : []),
  ]);
  return `${dir}: the domain ${domain}, with ${parts}: ${warnings}`;
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? "" : "s"}`;

async function printGraph(dir: string | undefined, options: FormatOptions<GraphFormat>): Promise<void> {
  const model = await readFolder(dir, options);
  if (model) print(renderGraph(model, options.json ? "json" : options.format).trimEnd());
}

async function writeSchemas(
  dir: string | undefined,
  options: ModuleOptions & DomainOptions & { readonly out: string },
): Promise<void> {
  const { out } = options;
  const model = await readFolder(dir, options);
  if (!model) return;
  // The schemas do not contain the topics, so env and namespace do not matter.
  const domain = compileDomain(model, { env: "", namespace: "" });
  mkdirSync(out, { recursive: true });
  const files = [...schemaFiles({ domain, messages: model.code.messages })];
  for (const [file, schema] of files) writeFileSync(join(out, file), `${JSON.stringify(schema, undefined, 2)}\n`);
  print(`${out}: ${files.length} JSON Schemas of the domain ${domain.name}`);
}

const CHECK_HELP = `
It explores one entity with its current attempt and the one before. Messages arrive in time, early, late, stale or
never; every effect confirms, fails or stays silent; every deadline may fire and every publish may be confirmed. No
service is called. A violation (RC206) is listed with its line in the contracts, a remedy, and the shortest sequence of
events that leads to it.`;

async function check(
  dir: string | undefined,
  options: FormatOptions<DiagnosticFormat> & { readonly states: number },
): Promise<void> {
  const format = options.json ? "json" : options.format;
  const startedMs = performance.now();
  const checked = (await validateFolders(dir, options)).map((folder) => exploreFolder(folder, options.states));
  const diagnostics = checked.flatMap((each) => each.diagnostics);
  if (diagnostics.length > 0) process.exitCode = 1;
  if (format === "json") {
    const seconds = Number(((performance.now() - startedMs) / 1_000).toFixed(3));
    const states = checked.reduce((sum, each) => sum + each.states, 0);
    const transitions = checked.reduce((sum, each) => sum + each.transitions, 0);
    return printJson({ diagnostics, states, transitions, untaken: checked.flatMap(({ untaken }) => untaken), seconds });
  }
  process.stdout.write(formatDiagnostics(diagnostics, format, { colors: colors.isColorSupported }));
  const summary = checked.map(checkSummary).join("\n");
  if (format === "github") print(`::notice title=rollcall check::${summary.replaceAll("\n", "%0A")}`);
  else print(`${diagnostics.length > 0 ? "\n" : ""}${summary}`);
}

type ExploredFolder = ModelCheckResult & { readonly dir: string; readonly seconds: number };

function exploreFolder({ dir, model, diagnostics }: CheckedFolder, statesMax: number): ExploredFolder {
  const startedMs = performance.now();
  const errors = diagnostics.filter(({ severity }) => severity === "error");
  const checked = model
    ? checkModel(model, statesMax)
    : { diagnostics: errors, states: 0, transitions: 0, untaken: [] };
  return { dir, ...checked, seconds: (performance.now() - startedMs) / 1_000 };
}

function checkSummary({ dir, diagnostics, states, transitions, untaken, seconds }: ExploredFolder): string {
  const count = diagnostics.length;
  const verdict = count === 0 ? "no problems" : count === 1 ? "1 problem" : `${count} problems`;
  if (states === 0) return `${dir}: ${verdict}, so nothing was explored`;
  const visited =
    `${states.toLocaleString("en")} states visited by ${transitions.toLocaleString("en")} ` +
    `transitions in ${seconds.toFixed(1)} s`;
  const untakenLines =
    untaken.length === 0 ? [] : ["transitions never taken, so not checked:", ...untaken.map((each) => `  ${each}`)];
  return [`${dir}: ${visited}: ${verdict}`, ...untakenLines].join("\n");
}
