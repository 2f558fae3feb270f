import { cpSync, existsSync, mkdirSync, watch } from "node:fs";
import { type Command, Option } from "commander";
import type { Logger } from "pino";
import { formatDiagnostics } from "../../runtime/contract/diagnostics/format-diagnostics.ts";
import { composeSystem, isEmbedded, SHIPPED_CONTRACTS } from "../host/compose.ts";
import { CONFIG_SCHEMA, readConfig } from "../host/config.ts";
import { IncompatibleContractsError, InvalidContractsError } from "../host/contracts-in-force.ts";
import { createLog, logShellEvents } from "../host/log.ts";
import type { System } from "../host/system.ts";
import { createHttpServer } from "../http/server/http-server.ts";
import { errorColors, printDiagnostics } from "../terminal/output.ts";

/** A process that has not drained by then is ended. */
const STOP_MS = 10_000;
/** An editor writes a file in several steps, and each is seen as a change. */
const DEBOUNCE_MS = 100;
const RELOAD_HELP = "\nSIGHUP, or rollcall reload, puts the folder's contracts in force while it runs, all or none.\n";

export function addCommands(program: Command): void {
  program
    .command("start")
    .description("runs the domain until SIGTERM: embedded by default, on Kafka and Postgres when both are set")
    .addOption(
      new Option("--contracts <dir>", "folder with the domain's contracts").default(
        SHIPPED_CONTRACTS,
        "the shipped ones",
      ),
    )
    .addHelpText("after", `${RELOAD_HELP}${environmentHelp()}`)
    .action(async ({ contracts }: { readonly contracts: string }) => void (await serve(contracts)));
  program
    .command("dev")
    .description(
      "start, for contract authors: every change of the folder is applied, or refused with its line, " +
        "and the page may save to it",
    )
    .argument(
      "[dir]",
      "folder with the contracts; created as a copy of the shipped ones if it does not exist",
      "contracts/registration",
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
 * Runs a system and its HTTP interface until SIGTERM. Resolves when it serves.
 * @param editable whether the page may write to the contracts' folder
 * @throws Error with every diagnostic as text, when the folder's contracts have errors
 */
async function serve(contractsDir: string, { editable = false } = {}): Promise<System> {
  const config = readConfig(process.env);
  const log = createLog(config.ROLLCALL_LOG_LEVEL);
  const exit = (code: number): void => {
    log.flush();
    process.exit(code);
  };
  const onFatal = (error: unknown): void => {
    log.fatal({ err: error }, "the runtime can't continue");
    exit(1);
  };
  process.on("uncaughtException", onFatal).on("unhandledRejection", onFatal);
  const system = await composeSystem(config, { contractsDir, editable, onFatal, log }).catch((error: unknown) => {
    if (!(error instanceof InvalidContractsError)) throw error;
    throw new Error(formatDiagnostics(error.diagnostics, "text", { colors: errorColors.isColorSupported }));
  });
  logShellEvents(log, system);
  const http = createHttpServer(system, {
    onInternalError: (err, route) => log.error({ err, route }, "a request failed"),
  });
  const close = async (): Promise<void> => {
    setTimeout(() => exit(1), STOP_MS).unref();
    await Promise.all([http.close(), system.stop()]);
  };
  handleSignals(system, log, async () => {
    await close();
    log.info("stopped");
    exit(0);
  });
  try {
    const address = await http.listen({ host: config.ROLLCALL_HTTP_HOST, port: config.ROLLCALL_HTTP_PORT });
    await system.runtime.start();
    const mode = isEmbedded(config) ? "embedded" : "real";
    log.info({ mode, address, contracts: system.domain.contractHash.slice(0, 12) }, `rollcall serves ${address}`);
    return system;
  } catch (error) {
    // Open connections and the listening port would keep a process alive that serves nothing.
    await close().catch(() => {});
    throw error;
  }
}

/** SIGTERM and SIGINT drain and end the process, SIGHUP reloads the contracts. */
function handleSignals({ runtime }: System, log: Logger, drain: () => Promise<void>): void {
  let isStopping = false;
  const stop = (signal: string): void => {
    if (isStopping) return;
    isStopping = true;
    log.info({ signal }, "draining");
    void drain();
  };
  process.on("SIGTERM", stop).on("SIGINT", stop);
  process.on("SIGHUP", () => {
    runtime.reload("SIGHUP").catch((err: unknown) => {
      // A refusal is an event of the system, so the log, the page, doctor and the metrics have it already.
      if (err instanceof InvalidContractsError || err instanceof IncompatibleContractsError) return;
      log.error({ err }, "the contracts can't be reloaded");
    });
  });
}

async function dev(directory: string): Promise<void> {
  if (!existsSync(directory)) copyShippedContracts(directory);
  const system = await serve(directory, { editable: true });
  let debounceTimer: NodeJS.Timeout | undefined;
  // Watches the folder, since an editor may replace a file by a new one.
  const watcher = watch(directory, (_event, file) => {
    if (file === null || !/\.ya?ml$/.test(file)) return;
    clearTimeout(debounceTimer);
    debounceTimer = setTimeout(() => void reload(system, file), DEBOUNCE_MS);
  });
  watcher.on("error", (error) => printStatus(`${directory} is no longer watched: ${error.message}`));
  for (const signal of ["SIGTERM", "SIGINT"]) process.once(signal, () => watcher.close());
  printStatus(`watching ${directory}; the page is at the address above`);
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
