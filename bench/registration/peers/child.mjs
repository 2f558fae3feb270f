import { fork, spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

for (const end of ["SIGTERM", "disconnect"]) process.once(end, () => process.exit());

/** Starts a peer's server. It is gone when this process ends. */
export function startServer(command, args, env = {}) {
  const server = spawn(command, args, { env: { ...process.env, ...env }, stdio: ["ignore", "ignore", "inherit"] });
  server.once("exit", () => process.exit(1));
  process.once("exit", () => server.kill("SIGKILL"));
  return server;
}

/** Starts what runs the peer's handlers, a Node program; resolves when it says that it is ready. */
export async function startWorker(url, env = {}) {
  const worker = fork(fileURLToPath(url), { env: { ...process.env, ...env } });
  worker.once("exit", () => process.exit(1));
  await new Promise((resolve) => worker.once("message", resolve));
  return worker;
}

/** Tries until it does not throw, for a minute. */
export async function untilDone(attempt) {
  for (let tries = 0; ; tries++) {
    try {
      return await attempt();
    } catch (error) {
      if (tries === 240) throw error;
      await sleep(250);
    }
  }
}
