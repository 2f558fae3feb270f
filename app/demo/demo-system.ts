import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { httpTransport } from "../../client/http-transport.ts";
import type { Transport } from "../../client/transport.ts";
import { composeSystem } from "../host/compose.ts";
import { InvalidContractsError } from "../host/contracts-in-force.ts";
import { readConfig } from "../host/config.ts";
import { createHttpServer } from "../http/server/http-server.ts";
import type { System } from "../host/system.ts";
import { formatDiagnostics } from "../../runtime/contract/diagnostics/format-diagnostics.ts";
import { writeDemoContracts } from "./demo-contracts.ts";

/** An embedded system in a temporary folder, on a free port of this machine. */
export interface DemoSystem {
  readonly system: System;
  readonly url: string;
  readonly contractsDir: string;
  readonly transport: Transport;
  /** Rejects when the runtime can't continue. */
  readonly failed: Promise<never>;
  close(): Promise<void>;
}

export async function openDemoSystem(): Promise<DemoSystem> {
  const directory = mkdtempSync(join(tmpdir(), "rollcall-demo-"));
  const contractsDir = join(directory, "contracts");
  const remove = (): void => rmSync(directory, { recursive: true, force: true });
  try {
    writeDemoContracts(contractsDir);
    // No variables of the environment: they may point to a real system.
    const config = readConfig({ ROLLCALL_DATA_DIR: join(directory, "data"), ROLLCALL_HTTP_PORT: "0" });
    let rejectFailed = (_: unknown): void => {};
    const failed = new Promise<never>((_, reject) => (rejectFailed = reject));
    failed.catch(() => {});
    const system = await composeSystem(config, { contractsDir, onFatal: (error) => rejectFailed(error) });
    const http = createHttpServer(system);
    const url = await http.listen({ host: "127.0.0.1", port: 0 });
    await system.runtime.start();
    const transport = httpTransport({ url });
    const close = async (): Promise<void> => {
      await transport.close();
      await http.close();
      await system.stop();
      remove();
    };
    return { system, url, contractsDir, transport, failed, close };
  } catch (error) {
    remove();
    throw error instanceof InvalidContractsError ? new Error(formatDiagnostics(error.diagnostics, "text")) : error;
  }
}
