import { type Command, Option } from "commander";
import { type ModelCheckResult, checkModel, STATES_MAX } from "../../runtime/contract/exploration/check-model.ts";
import { type DiagnosticFormat, formatDiagnostics } from "../../runtime/contract/diagnostics/format-diagnostics.ts";
import { validateDomain } from "../../runtime/contract/checks/validate.ts";
import { withoutBackends } from "../modules/registration.ts";
import {
  DIAGNOSTIC_FORMATS,
  type FormatOptions,
  withFolderArgument,
  withFormatOptions,
} from "../terminal/contract-folder.ts";
import { parseCount } from "../terminal/option-values.ts";
import { colorsOf, print, printJson } from "../terminal/output.ts";

interface Options extends FormatOptions<DiagnosticFormat> {
  readonly states: number;
}

export function addCheckCommand(program: Command): void {
  withFormatOptions(withFolderArgument(program.command("check")), DIAGNOSTIC_FORMATS)
    .description("explores every order of events for one entity under a domain's contracts; exits 1 on a violation")
    .addOption(
      new Option("--states <count>", "give up beyond this many states").argParser(parseCount).default(STATES_MAX),
    )
    .addHelpText("after", HELP)
    .action(check);
}

const HELP = `
It explores one entity with its current attempt and the one before. Messages arrive in time, early, late, stale or
never; every effect confirms, fails or stays silent; every deadline may fire and every publish may be confirmed. No
service is called. A violation (RC206) is listed with its line in the contracts, a remedy, and the shortest sequence of
events that leads to it.`;

function check(dir: string, { format, json, states }: Options): void {
  const startedMs = performance.now();
  const { model, diagnostics } = validateDomain(dir, withoutBackends());
  const errors = diagnostics.filter(({ severity }) => severity === "error");
  const checked = model ? checkModel(model, states) : { diagnostics: errors, states: 0, transitions: 0, untaken: [] };
  if (checked.diagnostics.length > 0) process.exitCode = 1;
  const seconds = (performance.now() - startedMs) / 1_000;
  const { isColorSupported: colors } = colorsOf(process.stdout);
  if (json || format === "json") return printJson({ ...checked, seconds: Number(seconds.toFixed(3)) });
  process.stdout.write(formatDiagnostics(checked.diagnostics, format, { colors }));
  const summaryText = summary(dir, checked, seconds);
  if (format === "github") print(`::notice title=rollcall check::${summaryText.replaceAll("\n", "%0A")}`);
  else print(`${checked.diagnostics.length > 0 ? "\n" : ""}${summaryText}`);
}

function summary(
  dir: string,
  { diagnostics, states, transitions, untaken }: ModelCheckResult,
  seconds: number,
): string {
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
