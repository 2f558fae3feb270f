import { type Command, Option } from "commander";
import { composeSystem, isEmbedded, SHIPPED_CONTRACTS } from "../host/compose.ts";
import { InvalidContractsError, IncompatibleContractsError } from "../host/contracts-in-force.ts";
import { CONFIG_SCHEMA, readConfig } from "../host/config.ts";
import { formatDiagnostics } from "../../runtime/contract/diagnostics/format-diagnostics.ts";
import { createHttpServer } from "../http/server/http-server.ts";
import { createLog, logShellEvents } from "../host/log.ts";
import type { System } from "../host/system.ts";

export const RELOAD_HELP =
  "\nSIGHUP, or rollcall reload, puts the folder's contracts in force while it runs, whole or not at all.\n";
/** A process that can't leave by itself is ended. */
const STOP_MS = 10_000;

export function addStartCommand(program: Command): void {
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
    .action(async ({ contracts }: { readonly contracts: string }) => void (await serve({ contracts })));
}

/** Runs a system and its HTTP interface until SIGTERM. Resolves when it serves. */
export async function serve({
  contracts,
  editable = false,
}: {
  readonly contracts: string;
  readonly editable?: boolean;
}): Promise<System> {
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
  process.on("uncaughtException", onFatal);
  process.on("unhandledRejection", onFatal);

  const system = await composeSystem(config, {
    contractsDir: contracts,
    editable,
    onFatal,
    log: (level, message, details) => log[level](details ?? {}, message),
  }).catch((error: unknown) => {
    if (error instanceof InvalidContractsError)
      throw new Error(formatDiagnostics(error.diagnostics, "text", { colors: process.stderr.isTTY }));
    throw error;
  });
  logShellEvents(log, system);
  const http = createHttpServer(system, {
    onInternalError: (err, route) => log.error({ err, route }, "a request failed"),
  });
  let stopping = false;
  const stop = async (signal: string): Promise<void> => {
    if (stopping) return;
    stopping = true;
    log.info({ signal }, "draining");
    setTimeout(() => exit(1), STOP_MS).unref();
    await Promise.all([http.close(), system.stop()]);
    log.info("stopped");
    exit(0);
  };
  process.on("SIGTERM", () => void stop("SIGTERM"));
  process.on("SIGINT", () => void stop("SIGINT"));
  // What comes of it is told by the log, and shown by the page, doctor and metrics.
  process.on(
    "SIGHUP",
    () =>
      void system.runtime
        .reload("SIGHUP")
        .catch((err: unknown) => isReportedRefusal(err) || log.error({ err }, "the contracts can't be reloaded")),
  );

  const { ROLLCALL_HTTP_HOST: host, ROLLCALL_HTTP_PORT: port } = config;
  const start = async (): Promise<string> => {
    const listening = await http.listen({ host, port });
    await system.runtime.start();
    return listening;
  };
  const address = await start().catch(async (error: unknown) => {
    // What listens and what is connected would keep a process alive that does nothing.
    setTimeout(() => exit(1), STOP_MS).unref();
    await Promise.allSettled([http.close(), system.stop()]);
    throw error;
  });
  log.info(
    { mode: isEmbedded(config) ? "embedded" : "real", address, contracts: system.domain.contractHash.slice(0, 12) },
    `rollcall serves ${address}`,
  );
  return system;
}

/** Refusals are events of the system: whoever watches it has heard of them. */
const isReportedRefusal = (error: unknown): boolean =>
  error instanceof InvalidContractsError || error instanceof IncompatibleContractsError;

/** Every variable with its meaning, from the schema that reads them. */
function environmentHelp(): string {
  const rows = Object.entries(CONFIG_SCHEMA.shape).filter(([, field]) => field.description !== undefined);
  const width = Math.max(...rows.map(([name]) => name.length));
  return (
    `\nEnvironment (secrets can be given as ` +
    `NAME_FILE):\n${rows.map(([name, field]) => `  ${name.padEnd(width)}  ${field.description}`).join("\n")}\n`
  );
}
