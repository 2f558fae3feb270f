import { type Command, Option } from "commander";
import type { Diagnostic } from "../../runtime/contract/diagnostics/diagnostic.ts";
import { type DiagnosticFormat, formatDiagnostics } from "../../runtime/contract/diagnostics/format-diagnostics.ts";
import { renderGraph, GRAPH_FORMATS, type GraphFormat } from "../../runtime/contract/graph/graph.ts";
import type { ContractSet } from "../../runtime/contract/reading/contract-source.ts";
import { validateDomain } from "../../runtime/contract/checks/validate.ts";
import { SHIPPED_CONTRACTS } from "../host/compose.ts";
import { withoutBackends } from "../modules/registration-effects.ts";
import { print } from "../terminal/output.ts";

const DIAGNOSTIC_FORMATS: readonly DiagnosticFormat[] = ["text", "json", "github"];

export function addContractCommands(program: Command): void {
  program
    .command("validate")
    .description("lists every problem of a domain's contracts; exits 1 on an error")
    .argument("[dir]", "folder with the contracts", SHIPPED_CONTRACTS)
    .addOption(new Option("--format <format>", "output format").choices(DIAGNOSTIC_FORMATS).default("text"))
    .option("--json", "the same as --format json", false)
    .action(validate);
  program
    .command("graph")
    .description("draws the two machines and the flow from topics to effects")
    .argument("[dir]", "folder with the contracts", SHIPPED_CONTRACTS)
    .addOption(new Option("--format <format>", "output format").choices(GRAPH_FORMATS).default("mermaid"))
    .option("--json", "the same as --format json", false)
    .action(printGraph);
}

interface Options<Format> {
  readonly format: Format;
  readonly json: boolean;
}

function validate(dir: string, { format, json }: Options<DiagnosticFormat>): void {
  const { model, diagnostics } = validateDomain(dir, withoutBackends());
  printDiagnostics(diagnostics, json ? "json" : format);
  if (!model) process.exitCode = 1;
  else if (!json && format === "text") print(summary(dir, model.set, diagnostics));
}

function printGraph(dir: string, { format, json }: Options<GraphFormat>): void {
  const { model, diagnostics } = validateDomain(dir, withoutBackends());
  if (model) return print(renderGraph(model, json ? "json" : format).trimEnd());
  process.stderr.write(formatDiagnostics(diagnostics, "text", { colors: hasColors(process.stderr) }));
  process.exitCode = 1;
}

function printDiagnostics(diagnostics: readonly Diagnostic[], format: DiagnosticFormat): void {
  process.stdout.write(formatDiagnostics(diagnostics, format, { colors: hasColors(process.stdout) }));
}

function summary(dir: string, { domain, effects }: ContractSet, diagnostics: readonly Diagnostic[]): string {
  const warnings = diagnostics.length === 0 ? "no problems" : `${diagnostics.length} warnings`;
  return `${dir}: the domain ${domain}, with an orchestrator, a reducer and ${effects.length} effects: ${warnings}`;
}

const hasColors = (stream: NodeJS.WriteStream): boolean => stream.isTTY && !process.env["NO_COLOR"];
