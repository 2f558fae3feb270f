import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { composeHost, type Host } from "../../app/host/compose.ts";
import { readConfig } from "../../app/host/config.ts";
import type { Module } from "../../app/host/module.ts";
import { Gateways } from "../../app/http/gateway/gateways.ts";
import type { ServerOptions } from "../../app/http/server/create-server.ts";
import { createHttpServer } from "../../app/http/server/http-server.ts";
import { initializeStore } from "../initialized-store.ts";
import { until } from "../shell/orders.ts";

export interface ServedModule {
  readonly host: Host;
  readonly gateways: Gateways;
  /** Of the listener, where it has a port of its own; else the host's. */
  readonly url: string;
  readonly hostUrl: string;
  close(): Promise<void>;
}

interface ServedOptions {
  /** The name of the one listener, and its port; 0: any that is free. */
  readonly listener: string;
  readonly port?: number;
  readonly environment?: Readonly<Record<string, string>> | undefined;
  readonly onInternalError?: ServerOptions["onInternalError"];
  /** A call asks the process to leave. */
  readonly onLeave?: () => void;
}

/** A module's domains behind their gateways, on the embedded store and over real HTTP. */
export async function serveModule(
  module: Module,
  { listener, port = 0, environment, ...options }: ServedOptions,
): Promise<ServedModule> {
  const folder = mkdtempSync(join(tmpdir(), "rollcall-gateway-"));
  await initializeStore(folder);
  const variables = {
    ...{ ROLLCALL_DATA_DIR: folder, ROLLCALL_PARTITIONS: "3", ROLLCALL_LISTENERS: `${listener}=${port}` },
    ...environment,
  };
  const config = readConfig(variables, [module]);
  const host = await composeHost(config, { modules: [module] });
  const gateways = new Gateways(host, options);
  const server = createHttpServer(host, { ...options, gateways });
  const hostUrl = await server.listen({ host: "127.0.0.1", port: 0 });
  await host.start();
  await until(() => host.systems.every(({ runtime }) => runtime.status().owned.length > 0));
  await gateways.open();
  return {
    ...{ host, gateways, hostUrl, url: gateways.addresses.get(listener) ?? hostUrl },
    async close() {
      await gateways.close();
      await server.close();
      await host.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
