import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** `stub.ts` as a process of its own. */
export async function startConsulStub(): Promise<{ readonly address: string; readonly pid: number; stop(): void }> {
  const child = spawn(process.execPath, ["--import", "tsx", fileURLToPath(new URL("stub.ts", import.meta.url))], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [said] = (await once(child.stdout, "data")) as [Buffer];
  return { address: `127.0.0.1:${said.toString().trim()}`, pid: child.pid ?? 0, stop: () => void child.kill() };
}
