import type { Command } from "commander";
import { validateDomain } from "../../runtime/contract/checks/validate.ts";
import type { Diagnostic } from "../../runtime/contract/diagnostics/diagnostic.ts";
import { type DiagnosticFormat, formatDiagnostics } from "../../runtime/contract/diagnostics/format-diagnostics.ts";
import type { ContractSet } from "../../runtime/contract/reading/contract-source.ts";
import { withoutBackends } from "../modules/registration.ts";
import {
  DIAGNOSTIC_FORMATS,
  type FormatOptions,
  withFolderArgument,
  withFormatOptions,
} from "../terminal/contract-folder.ts";
import { colorsOf, print } from "../terminal/output.ts";

export function addValidateCommand(program: Command): void {
  withFormatOptions(withFolderArgument(program.command("validate")), DIAGNOSTIC_FORMATS)
    .description("lists every problem of a domain's contracts; exits 1 on an error")
    .action(validate);
}

function validate(dir: string, { format, json }: FormatOptions<DiagnosticFormat>): void {
  const { model, diagnostics } = validateDomain(dir, withoutBackends());
  const colors = colorsOf(process.stdout).isColorSupported;
  process.stdout.write(formatDiagnostics(diagnostics, json ? "json" : format, { colors }));
  if (!model) process.exitCode = 1;
  else if (!json && format === "text") print(summary(dir, model.set, diagnostics));
}

function summary(dir: string, { domain, effects }: ContractSet, diagnostics: readonly Diagnostic[]): string {
  const warnings = diagnostics.length === 0 ? "no problems" : `${diagnostics.length} warnings`;
  return `${dir}: the domain ${domain}, with an orchestrator, a reducer and ${effects.length} effects: ${warnings}`;
}
