import { cpSync, existsSync, mkdirSync, watch } from "node:fs";
import { basename } from "node:path";
import { type Command, Option } from "commander";
import type { Logger } from "pino";
import { formatDiagnostics } from "../../runtime/contract/diagnostics/format-diagnostics.ts";
import type { System } from "../host/compose.ts";
import { CONFIG_SCHEMA, readConfig } from "../host/config.ts";
import { IncompatibleContractsError, InvalidContractsError } from "../host/contracts-in-force.ts";
import { createLog } from "../host/log.ts";
import { configuredModules } from "../host/load-modules.ts";
import { chosenModules } from "../host/modules.ts";
import { SHIPPED_CONTRACTS } from "../modules/shipped.ts";
import { type Hosted, serve } from "../serve.ts";
import type { ModuleOptions } from "../terminal/contract-folder.ts";
import { withModuleOption } from "../terminal/option-values.ts";
import { errorColors, printDiagnostics } from "../terminal/output.ts";

/** A process that has not drained by then is ended. */
const STOP_MS = 10_000;
/** An editor writes a file in several steps, and each is seen as a change. */
const DEBOUNCE_MS = 100;
/** What `rollcall dev` serves and, if need be, makes. */
const DEV_FOLDER = `contracts/${basename(SHIPPED_CONTRACTS)}`;
/** A module's code runs in this process: an error that nobody catches ends it. */
const withoutModule = "if a module's code is the cause, --only DOMAINS serves others without it";
const RELOAD_HELP = "\nSIGHUP, or rollcall reload, puts the folder's contracts in force while it runs, all or none.\n";

interface StartOptions extends ModuleOptions {
  readonly only?: readonly string[];
  readonly contracts?: string;
}

export function addCommands(program: Command): void {
  withModuleOption(program.command("start"))
    .description(
      "serves the modules' domains until SIGTERM: embedded by default, on Kafka and Postgres when both are set",
    )
    .addOption(
      new Option("--only <domains>", "serves only these domains, with commas").argParser((names) => names.split(",")),
    )
    .option("--contracts <dir>", "folder with contracts that replace those of the domain that they name")
    .addHelpText("after", `${RELOAD_HELP}${environmentHelp()}`)
    .action(async (options: StartOptions) => void (await start(options)));
  withModuleOption(program.command("dev"))
    .description(
      "start, for contract authors: every change of the folder is applied, or refused with its line, " +
        "and the page may save to it",
    )
    .argument(
      "[dir]",
      "folder with the contracts, created as a copy of the shipped ones if it does not exist; without it those of " +
        `the modules, else ${DEV_FOLDER}`,
    )
    .action(dev);
}

/** Every variable with its meaning, from the schema that reads them. */
function environmentHelp(): string {
  const described = Object.entries(CONFIG_SCHEMA.shape).filter(([, field]) => field.description !== undefined);
  const width = Math.max(...described.map(([name]) => name.length));
  const rows = described.map(([name, field]) => `  ${name.padEnd(width)}  ${field.description}`);
  return `\nEnvironment (secrets can be given as NAME_FILE):\n${rows.join("\n")}\n`;
}

/**
 * Serves until SIGTERM or SIGINT.
 * @throws Error with every diagnostic as text, when contracts have errors
 */
async function start({ module = [], only, contracts }: StartOptions, editable = false): Promise<Hosted> {
  const log = createLog(readConfig(process.env).ROLLCALL_LOG_LEVEL);
  const onFatal = (error: unknown): void => {
    log.fatal({ err: error }, `the process can't continue; ${withoutModule}`);
    exit(log, 1);
  };
  process.on("uncaughtException", onFatal).on("unhandledRejection", onFatal);
  const onLeftOut = (err: unknown): void => log.warn({ err }, "a module is left out");
  const modules = await chosenModules(module, process.cwd(), { only, onLeftOut });
  const served = await serve({
    ...{ modules, editable, log, onFatal, env: process.env },
    ...(only && { only }),
    ...(contracts !== undefined && { contractsDir: contracts }),
  }).catch((error: unknown) => {
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

/** SIGTERM and SIGINT drain and end the process, SIGHUP reloads the contracts of every domain. */
function handleSignals({ host, stop }: Hosted, log: Logger): void {
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
    log.info("reading the contracts again; a module's code is read at the next start only");
    for (const { name: domain, runtime } of host.systems)
      runtime.reload("SIGHUP").catch((err: unknown) => {
        // A refusal is an event of the system, so the log, the page, doctor and the metrics have it already.
        if (err instanceof InvalidContractsError || err instanceof IncompatibleContractsError) return;
        log.error({ domain, err }, "the contracts can't be reloaded");
      });
  });
}

async function dev(directory: string | undefined, options: ModuleOptions): Promise<void> {
  const hasModules = (options.module ?? configuredModules(process.cwd())).length > 0;
  const folder = directory ?? (hasModules ? undefined : DEV_FOLDER);
  if (folder !== undefined && !existsSync(folder)) copyShippedContracts(folder);
  const { host } = await start({ ...options, ...(folder !== undefined && { contracts: folder }) }, true);
  for (const system of host.systems) if (system.editable) watchContracts(system);
}

function watchContracts(system: System): void {
  const { contractsDir, name } = system;
  let debounceTimer: NodeJS.Timeout | undefined;
  // Watches the folder, since an editor may replace a file by a new one.
  const watcher = watch(contractsDir, (_event, file) => {
    if (file === null || !/\.ya?ml$/.test(file)) return;
    clearTimeout(debounceTimer);
    debounceTimer = setTimeout(() => void reload(system, file), DEBOUNCE_MS);
  });
  watcher.on("error", (error) => printStatus(`${contractsDir} is no longer watched: ${error.message}`));
  for (const signal of ["SIGTERM", "SIGINT"]) process.once(signal, () => watcher.close());
  printStatus(`watching ${contractsDir} (${name}); the page is at the address above`);
}

function copyShippedContracts(directory: string): void {
  // Made first, or it would get the mode of the shipped one, which may be read-only.
  mkdirSync(directory, { recursive: true });
  const isContract = (path: string): boolean => path === SHIPPED_CONTRACTS || path.endsWith(".yaml");
  cpSync(SHIPPED_CONTRACTS, directory, { recursive: true, filter: isContract });
  printStatus(`${directory} did not exist and was created as a copy of the shipped contracts`);
}

async function reload(system: System, file: string): Promise<void> {
  const { dim, red } = errorColors;
  try {
    const { hash, changed } = await system.runtime.reload(`a change of ${file}`);
    printStatus(changed ? `${file}: ${hash.slice(0, 12)} is in force` : dim(`${file}: nothing changed`));
  } catch (error) {
    const isInvalid = error instanceof InvalidContractsError;
    if (isInvalid) printDiagnostics(error.diagnostics);
    const message = error instanceof IncompatibleContractsError ? error.message : String(error);
    const reason = isInvalid ? "see above" : message;
    printStatus(red(`${file} is refused: ${reason}; the previous contracts stay in force`));
  }
}

const printStatus = (text: string): void => void process.stderr.write(`rollcall dev: ${text}\n`);
