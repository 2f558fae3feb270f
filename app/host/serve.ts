import type { Logger } from "pino";
import { formatDiagnostics } from "../../runtime/contract/diagnostics/format-diagnostics.ts";
import { createHttpServer } from "../http/server/http-server.ts";
import { composeSystem, isEmbedded } from "./compose.ts";
import { type Config, readConfig } from "./config.ts";
import { IncompatibleContractsError, InvalidContractsError } from "./contracts-in-force.ts";
import { createLog, logShellEvents } from "./log.ts";
import type { System } from "./system.ts";

/** A process that has not drained by then is ended. */
const STOP_MS = 10_000;

export interface ServeOptions {
  /** The folder with the contracts. */
  readonly contracts: string;
  /** Whether the page may write to that folder. */
  readonly editable?: boolean;
}

/** Runs a system and its HTTP interface until SIGTERM. Resolves when it serves. */
export async function serve(options: ServeOptions): Promise<System> {
  const config = readConfig(process.env);
  const log = createLog(config.ROLLCALL_LOG_LEVEL);
  const exit = (code: number): void => {
    log.flush();
    process.exit(code);
  };
  const system = await compose(config, log, exit, options);
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

  const { ROLLCALL_HTTP_HOST: host, ROLLCALL_HTTP_PORT: port } = config;
  const start = async (): Promise<string> => {
    const listening = await http.listen({ host, port });
    await system.runtime.start();
    return listening;
  };
  const address = await start().catch(async (error: unknown) => {
    // Open connections and the listening port would keep a process alive that serves nothing.
    await close().catch(() => {});
    throw error;
  });
  log.info(
    { mode: isEmbedded(config) ? "embedded" : "real", address, contracts: system.domain.contractHash.slice(0, 12) },
    `rollcall serves ${address}`,
  );
  return system;
}

/** @throws Error with every diagnostic as text, when the folder's contracts have errors */
async function compose(
  config: Config,
  log: Logger,
  exit: (code: number) => void,
  { contracts, editable = false }: ServeOptions,
): Promise<System> {
  const onFatal = (error: unknown): void => {
    log.fatal({ err: error }, "the runtime can't continue");
    exit(1);
  };
  process.on("uncaughtException", onFatal);
  process.on("unhandledRejection", onFatal);
  return composeSystem(config, {
    contractsDir: contracts,
    editable,
    onFatal,
    log: (level, message, details) => log[level](details ?? {}, message),
  }).catch((error: unknown) => {
    if (error instanceof InvalidContractsError)
      throw new Error(formatDiagnostics(error.diagnostics, "text", { colors: process.stderr.isTTY }));
    throw error;
  });
}

/** SIGTERM and SIGINT drain and end the process, SIGHUP reloads the contracts. */
function handleSignals(system: System, log: Logger, drain: () => Promise<void>): void {
  let stopping = false;
  const stop = async (signal: string): Promise<void> => {
    if (stopping) return;
    stopping = true;
    log.info({ signal }, "draining");
    await drain();
  };
  process.on("SIGTERM", () => void stop("SIGTERM"));
  process.on("SIGINT", () => void stop("SIGINT"));
  const reload = (): Promise<unknown> =>
    system.runtime
      .reload("SIGHUP")
      .catch((err: unknown) => isRefusal(err) || log.error({ err }, "the contracts can't be reloaded"));
  process.on("SIGHUP", () => void reload());
}

/** A refusal is an event of the system, so the log, the page, doctor and the metrics have it already. */
const isRefusal = (error: unknown): boolean =>
  error instanceof InvalidContractsError || error instanceof IncompatibleContractsError;
