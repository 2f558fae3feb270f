import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";

/** Of util-linux, on every Debian. */
const lockProgram = "flock";
/** A cold start downloads; longer than that and the holder hangs. */
const lockWaitS = 900;

/**
 * Runs `work` while no other process of this machine runs under the same lock. The kernel holds the lock for a child
 * that lives on our pipe, so a caller that is killed leaves nothing behind.
 */
export async function withLock<T>(lockFile: string, work: () => Promise<T>): Promise<T> {
  mkdirSync(dirname(lockFile), { recursive: true });
  const holder = spawn(lockProgram, ["--timeout", String(lockWaitS), lockFile, "sh", "-c", "echo held; cat"], {
    stdio: ["pipe", "pipe", "inherit"],
    detached: true,
  });
  const held = await Promise.race([
    once(holder.stdout, "data").then(() => true),
    once(holder, "exit").then(() => false),
  ]);
  if (!held) throw new Error(`${lockFile} was held by another process for more than ${lockWaitS} s`);
  try {
    return await work();
  } finally {
    const released = once(holder, "exit");
    holder.stdin.end();
    await released;
  }
}
