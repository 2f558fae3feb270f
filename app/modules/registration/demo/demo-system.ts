import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { httpTransport } from "../../../../client/http-transport.ts";
import { formatDiagnostics } from "../../../../runtime/contract/diagnostics/format-diagnostics.ts";
import { composeHost } from "../../../host/compose.ts";
import { readConfig } from "../../../host/config.ts";
import { InvalidContractsError } from "../../../host/contracts-in-force.ts";
import { createHttpServer } from "../../../http/server/http-server.ts";
import { registration, REGISTRATION_CONTRACTS } from "../module.ts";

/** The demo's contracts differ from the shipped ones in these deadlines only, so that nobody waits half a minute. */
const TIMEOUT_EDITS: readonly { readonly name: string; readonly find: RegExp; readonly put: string }[] = [
  { name: "ack deadline", find: /(name: ack, after: )\w+/, put: "$110s" },
  { name: "liveness deadline", find: /(name: liveness\s+after: )\w+/, put: "$13s" },
  { name: "renewal by heartbeats", find: /(renewed_for: )\w+/, put: "$13s" },
];

/** Writes a copy of the shipped contracts with deadlines of seconds. */
export function writeDemoContracts(directory: string): void {
  const shipped = fileURLToPath(REGISTRATION_CONTRACTS);
  cpSync(shipped, directory, { recursive: true, filter: (path) => !path.includes("messages") });
  const file = join(directory, "orchestrator.yaml");
  let text = readFileSync(file, "utf8");
  for (const { name, find, put } of TIMEOUT_EDITS) {
    if (!find.test(text)) throw new Error(`${file} has no ${name} where the demo edits it`);
    text = text.replace(find, put);
  }
  writeFileSync(file, text);
}

export type DemoSystem = Awaited<ReturnType<typeof openDemoSystem>>;

/** An embedded system in a temporary folder, on a free port of this machine. */
export async function openDemoSystem() {
  const directory = mkdtempSync(join(tmpdir(), "rollcall-demo-"));
  const contractsDir = join(directory, "contracts");
  const remove = (): void => rmSync(directory, { recursive: true, force: true });
  try {
    writeDemoContracts(contractsDir);
    // No variables of the environment: they may point to a real system.
    const config = readConfig({ ROLLCALL_DATA_DIR: join(directory, "data"), ROLLCALL_HTTP_PORT: "0" });
    let onFatal = (_: unknown): void => {};
    /** Rejects when the runtime can't continue. */
    const failed = new Promise<never>((_, reject) => (onFatal = reject));
    failed.catch(() => {});
    const host = await composeHost(config, { modules: [registration], contractsDir, onFatal });
    const http = createHttpServer(host);
    const url = await http.listen({ host: "127.0.0.1", port: 0 });
    await host.start();
    const transport = httpTransport({ url });
    const close = async (): Promise<void> => {
      await transport.close();
      await http.close();
      await host.stop();
      remove();
    };
    return { system: host.system("registration"), url, contractsDir, transport, failed, close };
  } catch (error) {
    remove();
    throw error instanceof InvalidContractsError ? new Error(formatDiagnostics(error.diagnostics, "text")) : error;
  }
}
