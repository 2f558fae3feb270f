import type { Logger } from "pino";
import { composeHost, type Host } from "./host/compose.ts";
import { CONFIG_SCHEMA, ConfigError, readConfig } from "./host/config.ts";
import { blockedText, watchEventLoop } from "./host/event-loop.ts";
import { namesOfNoListener } from "./host/listener-variables.ts";
import { createLog, logShellEvents, logTroubles } from "./host/log.ts";
import { servedModules } from "./host/module.ts";
import { unknownVariables } from "./host/module-variables.ts";
import { isEmbedded } from "./host/open-shared.ts";
import type { Served, ServeOptions } from "./host/serve-options.ts";
import { TlsFilesError } from "./host/tls-files.ts";
import { Gateways } from "./http/gateway/gateways.ts";
import { createHttpServer } from "./http/server/http-server.ts";
import type { ServerOptions } from "./http/server/create-server.ts";

export interface HostedOptions extends ServeOptions {
  /** A folder with contracts that replace those of the domain that they name. */
  readonly contractsDir?: string;
  /** Whether the page may write to that folder. */
  readonly editable?: boolean;
  readonly log?: Logger;
  /** A call asks the process to leave. Default: what is served is stopped. */
  readonly onLeave?: () => void;
}

export interface Hosted extends Served {
  readonly host: Host;
  /** Reads the tokens' file again. @throws ConfigError: then those of before stay in force */
  renewTokens(): void;
}

/**
 * Serves the domains of modules, with their HTTP interface. Resolves when they are served.
 * @throws ConfigError; InvalidContractsError with every diagnostic; IncompatibleContractsError; Fault of store or bus
 */
export async function serve({ env, ...options }: HostedOptions): Promise<Hosted> {
  const modules = servedModules(options.modules, options.only);
  const config = readConfig(env, modules);
  const { log = createLog(config.ROLLCALL_LOG_LEVEL, config.redact) } = options;
  for (const warning of unknownVariables(env, CONFIG_SCHEMA.shape, modules)) log.warn(warning);
  const host = await composeHost(config, { ...options, log });
  for (const system of host.systems) logShellEvents(log.child({ domain: system.name }), system);
  logTroubles(log, host.troubles);
  const onInternalError: ServerOptions["onInternalError"] = (err, route, { requestId, address }) =>
    log.error({ err, route, request_id: requestId, address }, "a request failed");
  const gateways = new Gateways(host, {
    onInternalError,
    onLeave: options.onLeave ?? (() => void stop()),
    onListening: (name, at) => log.info({ listener: name, address: at }, `the gateways of ${name} listen on ${at}`),
  });
  const loop = watchEventLoop((blockedMs) => log.warn({ blocked_ms: blockedMs }, blockedText(blockedMs)));
  let http: ReturnType<typeof createHttpServer> | undefined;
  // Whether there are tokens, and TLS, is decided at the start.
  const renewTokens = (): void => {
    const { ROLLCALL_API_TOKENS: tokens } = readConfig(env, modules);
    if (tokens) config.ROLLCALL_API_TOKENS?.replaceBy(tokens);
  };
  const stop = async (): Promise<void> => {
    loop.stop();
    await Promise.all([http?.close(), gateways.close(), host.stop()]);
  };
  try {
    http = createHttpServer(host, { onInternalError, gateways });
    const address = await http.listen({ host: config.ROLLCALL_HTTP_HOST, port: config.ROLLCALL_HTTP_PORT });
    await host.start();
    await gateways.open();
    for (const warning of namesOfNoListener(config, gateways.names)) log.warn(warning);
    const domains = host.systems.map(({ name, domain }) => `${name} ${domain.contractHash.slice(0, 12)}`);
    const mode = isEmbedded(config) ? "embedded" : "real";
    log.info({ mode, address, domains }, `rollcall serves ${address}`);
    return { address, host, stop, renewTokens };
  } catch (error) {
    // Open connections and the listening port would keep a process alive that serves nothing.
    await stop().catch(() => {});
    throw error instanceof TlsFilesError ? new ConfigError(`${error.message}: ${error.remedy}`) : error;
  }
}
