import { type Command, InvalidArgumentError, Option } from "commander";
import { type ModelCheckResult, checkModel, STATES_MAX } from "../../runtime/contract/exploration/check-model.ts";
import { type DiagnosticFormat, formatDiagnostics } from "../../runtime/contract/diagnostics/format-diagnostics.ts";
import { validateDomain } from "../../runtime/contract/checks/validate.ts";
import { SHIPPED_CONTRACTS } from "../host/compose.ts";
import { withoutBackends } from "../modules/registration-effects.ts";
import { colorsOf, print, printJson } from "../terminal/output.ts";

const FORMATS: readonly DiagnosticFormat[] = ["text", "json", "github"];

interface Options {
  readonly format: DiagnosticFormat;
  readonly json: boolean;
  readonly states: number;
}

export function addCheckCommand(program: Command): void {
  program
    .command("check")
    .description("explores every order of events for one entity under a domain's contracts; exits 1 on a violation")
    .argument("[dir]", "folder with the contracts", SHIPPED_CONTRACTS)
    .addOption(new Option("--format <format>", "output format").choices(FORMATS).default("text"))
    .option("--json", "the same as --format json", false)
    .addOption(
      new Option("--states <count>", "give up beyond this many states").argParser(parseCount).default(STATES_MAX),
    )
    .addHelpText("after", HELP)
    .action(check);
}

const HELP = `
The world has one entity with its attempt and the one before. Messages come in time, early, late, stale or never,
every effect confirms, fails or stays silent, every deadline and every publish may come. No service is asked.
A finding (RC206) has its place in the contracts, a remedy, and the shortest way there as a timeline.`;

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
  if (states === 0) return `${dir}: ${verdict}, so nothing was tried`;
  const visited =
    `${states.toLocaleString("en")} states visited by ${transitions.toLocaleString("en")} ` +
    `transitions in ${seconds.toFixed(1)} s`;
  const untakenLines =
    untaken.length === 0 ? [] : ["transitions never taken, so not checked:", ...untaken.map((each) => `  ${each}`)];
  return [`${dir}: ${visited}: ${verdict}`, ...untakenLines].join("\n");
}

function parseCount(text: string): number {
  if (!/^[1-9]\d{0,6}$/.test(text)) throw new InvalidArgumentError("a whole number from 1 to 9999999");
  return Number(text);
}
