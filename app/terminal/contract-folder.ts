import { type Command, Option } from "commander";
import { validateDomain } from "../../runtime/contract/checks/validate.ts";
import { type DiagnosticFormat, formatDiagnostics } from "../../runtime/contract/diagnostics/format-diagnostics.ts";
import type { DomainModel } from "../../runtime/contract/model/domain-model.ts";
import type { DomainCode } from "../../runtime/core/domain.ts";
import { SHIPPED_CONTRACTS } from "../host/compose.ts";
import { withoutBackends } from "../modules/registration.ts";
import { colorsOf } from "./output.ts";

export const DIAGNOSTIC_FORMATS: readonly DiagnosticFormat[] = ["text", "json", "github"];

export interface FormatOptions<Format> {
  readonly format: Format;
  readonly json: boolean;
}

/** `[dir]`, for a command about the contracts of a folder. */
export const withFolderArgument = (command: Command): Command =>
  command.argument("[dir]", "folder with the contracts", SHIPPED_CONTRACTS);

/** `--format` and `--json`; the first format is the default. */
export const withFormatOptions = (command: Command, formats: readonly string[]): Command =>
  command
    .addOption(new Option("--format <format>", "output format").choices(formats).default(formats[0]))
    .option("--json", "the same as --format json", false);

/** The contracts of a folder. Errors go to standard error and set the exit code; then there is no result. */
export function readFolder(dir: string): { readonly model: DomainModel; readonly code: DomainCode } | undefined {
  const code = withoutBackends();
  const { model, diagnostics } = validateDomain(dir, code);
  if (model) return { model, code };
  const colors = colorsOf(process.stderr).isColorSupported;
  process.stderr.write(formatDiagnostics(diagnostics, "text", { colors }));
  process.exitCode = 1;
  return undefined;
}
