import { type Command, Option } from "commander";
import type { Logger } from "pino";
import { z } from "zod";
import { formatDiagnostics } from "../../runtime/contract/diagnostics/format-diagnostics.ts";
import { CONFIG_SCHEMA, readConfig } from "../host/config.ts";
import { IncompatibleContractsError, InvalidContractsError } from "../host/contracts-in-force.ts";
import { createLog } from "../host/log.ts";
import { InvalidModuleError, type Module, servedModules } from "../host/module.ts";
import { variablesOf } from "../host/module-variables.ts";
import { chosenModules } from "../host/modules.ts";
import { type Hosted, serve } from "../serve.ts";
import type { ModuleOptions } from "../terminal/contract-folder.ts";
import { withModuleOption } from "../terminal/option-values.ts";
import { errorColors } from "../terminal/output.ts";

/** A process that has not drained by then is ended. */
const STOP_MS = 10_000;
/** A module's code runs in this process: an error that nobody catches ends it. */
const withoutModule = "if a module's code is the cause, --only DOMAINS serves others without it";
const RELOAD_HELP =
  "\nSIGHUP, or rollcall reload, puts the folder's contracts in force while it runs, all or none; " +
  "SIGHUP also reads the tokens of ROLLCALL_API_TOKENS_FILE and the files with certificates again.\n";

interface StartOptions extends ModuleOptions {
  readonly only?: readonly string[];
  readonly contracts?: string;
}

export async function addCommands(program: Command): Promise<void> {
  const help = environmentHelp(await modulesForHelp(process.argv));
  withModuleOption(program.command("start"))
    .description(
      "serves the modules' domains until SIGTERM: embedded by default, on Kafka and Postgres when both are set",
    )
    .addOption(
      new Option("--only <domains>", "serves only these domains, with commas").argParser((names) => names.split(",")),
    )
    .option("--contracts <dir>", "folder with contracts that replace those of the domain that they name")
    .addHelpText("after", `${RELOAD_HELP}${help}`)
    .action(async (options: StartOptions) => void (await start(options)));
}

/** Those that are named, or configured; only where help is asked for, which has their variables. */
async function modulesForHelp(args: readonly string[]): Promise<readonly Module[]> {
  if (!args.some((word) => ["--help", "-h", "help"].includes(word))) return [];
  const named = args.flatMap((word, index) =>
    word === "--module" ? (args[index + 1] ?? []) : word.startsWith("--module=") ? word.slice("--module=".length) : [],
  );
  const onLeftOut = (error: unknown): void => console.error(error instanceof Error ? error.message : String(error));
  return chosenModules(named, process.cwd(), { only: [], onLeftOut }).catch((error: unknown) => {
    onLeftOut(error);
    return [];
  });
}

/** Every variable with its meaning, from the schemas that read them. */
function environmentHelp(modules: readonly Module[]): string {
  const own = Object.entries(CONFIG_SCHEMA.shape).map(([name, field]) => ({ name, field, text: field.description }));
  const more = variablesOf(modules).map(({ name, module, field }) => ({
    ...{ name, field },
    text: `${field.description ?? ""} [${module}]`,
  }));
  const described = [...own, ...more].filter(({ text }) => text !== undefined);
  const width = Math.max(...described.map(({ name }) => name.length));
  const rows = described.map(({ name, field, text }) => `  ${name.padEnd(width)}  ${text}${defaultText(field)}`);
  return `\nEnvironment (secrets can be given as NAME_FILE):\n${rows.join("\n")}\n`;
}

function defaultText(field: z.core.$ZodType): string {
  const standard = z.safeParse(field, undefined).data;
  return standard === undefined || standard === "" ? "" : ` (default: ${String(standard)})`;
}

/**
 * Serves until SIGTERM or SIGINT.
 * @throws Error with every diagnostic as text, when contracts have errors
 */
export async function start({ module = [], only, contracts }: StartOptions, editable = false): Promise<Hosted> {
  let log = createLog("info");
  const onFatal = (error: unknown): void => {
    log.fatal({ err: error }, `the process can't continue; ${withoutModule}`);
    exit(log, 1);
  };
  process.on("uncaughtException", onFatal).on("unhandledRejection", onFatal);
  const leftOut: unknown[] = [];
  const onLeftOut = (error: unknown): void => void leftOut.push(error);
  const modules = await chosenModules(module, process.cwd(), { only, onLeftOut }).catch((error: unknown) => {
    throw error instanceof InvalidModuleError ? new InvalidModuleError(`${error.message}\n${withoutModule}`) : error;
  });
  const config = readConfig(process.env, servedModules(modules, only));
  log = createLog(config.ROLLCALL_LOG_LEVEL, config.redact);
  for (const err of leftOut) log.warn({ err }, "a module is left out");
  const served = await serve({
    ...{ modules, editable, log, onFatal, env: process.env, onLeave: () => process.emit("SIGTERM", "SIGTERM") },
    ...(only && { only }),
    ...(contracts !== undefined && { contractsDir: contracts }),
  }).catch((error: unknown) => {
    if (error instanceof Error) error.message = config.redact(error.message);
    if (!(error instanceof InvalidContractsError)) throw error;
    throw new Error(formatDiagnostics(error.diagnostics, "text", { colors: errorColors.isColorSupported }));
  });
  handleSignals(served, log);
  return served;
}

function exit(log: Logger, code: number): void {
  log.flush();
  process.exit(code);
}

/** SIGTERM and SIGINT drain and end the process, SIGHUP reads tokens, certificates and all domains' contracts again. */
function handleSignals({ host, renewTokens, stop }: Hosted, log: Logger): void {
  let isStopping = false;
  const drain = (signal: string): void => {
    if (isStopping) return;
    isStopping = true;
    log.info({ signal }, "draining");
    setTimeout(() => exit(log, 1), STOP_MS).unref();
    void stop().then(() => {
      log.info("stopped");
      exit(log, 0);
    });
  };
  process.on("SIGTERM", drain).on("SIGINT", drain);
  process.on("SIGHUP", () => {
    log.info("reading contracts, tokens and certificates again; a module's code is read at the next start only");
    try {
      renewTokens();
    } catch (err) {
      log.error({ err }, "the tokens can't be reloaded: those of before stay in force");
    }
    // One that is refused is a trouble.
    for (const { listener, error } of host.certificates.renew())
      if (!error) log.info({ listener }, `the certificate of ${listener} was read again`);
    for (const { name: domain, runtime } of host.systems)
      runtime.reload("SIGHUP").catch((err: unknown) => {
        // A refusal is an event of the system, so the log, the page, doctor and the metrics have it already.
        if (err instanceof InvalidContractsError || err instanceof IncompatibleContractsError) return;
        log.error({ domain, err }, "the contracts can't be reloaded");
      });
  });
}
