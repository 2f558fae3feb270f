import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { composeHost, type System } from "../../../app/host/compose.ts";
import { readConfig } from "../../../app/host/config.ts";
import { writeDemoContracts } from "../../../app/modules/registration/demo/demo-system.ts";
import { createHttpServer } from "../../../app/http/server/http-server.ts";
import { registration } from "../../../app/modules/registration/module.ts";
import { initializeStore } from "../../initialized-store.ts";

export interface RunningSystem {
  readonly system: System;
  readonly url: string;
  /** Stops HTTP at once; the returned function starts it again on the same port. The system itself keeps running. */
  interruptHttp(): Promise<() => Promise<void>>;
  close(): Promise<void>;
}

/** A whole system in this process, embedded by default, with a liveness deadline of 3 s. */
export async function runningSystem(environment: Readonly<Record<string, string>> = {}): Promise<RunningSystem> {
  const directory = mkdtempSync(join(tmpdir(), "rollcall-client-"));
  const contractsDir = join(directory, "contracts");
  writeDemoContracts(contractsDir);
  const data = join(directory, "data");
  await initializeStore(data);
  const config = readConfig({ ROLLCALL_DATA_DIR: data, ...environment });
  const host = await composeHost(config, { modules: [registration], contractsDir });
  let http = createHttpServer(host);
  const url = await http.listen({ host: "127.0.0.1", port: 0 });
  await host.start();
  return {
    system: host.system("registration"),
    url,
    async interruptHttp() {
      await http.close();
      return async () => {
        http = createHttpServer(host);
        await http.listen({ host: "127.0.0.1", port: Number(new URL(url).port) });
      };
    },
    async close() {
      await http.close();
      await host.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
