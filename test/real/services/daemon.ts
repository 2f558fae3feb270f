import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { childrenOf, identityOf, isCollected, isRunning, type ProcessIdentity } from "./process-identity.ts";

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly logFile: string;
  readonly uid?: number;
  readonly gid?: number;
}

/** Starts a process that outlives this one, in a session of its own: Ctrl-C in the terminal is not for it. */
export function launch({ program, args, logFile, ...owner }: Command): ProcessIdentity {
  const log = openSync(logFile, "a");
  const child = spawn(program, args, { ...owner, cwd: "/", detached: true, stdio: ["ignore", log, log] });
  closeSync(log);
  child.on("error", () => {});
  child.unref();
  const identity = child.pid === undefined ? undefined : identityOf(child.pid);
  if (identity === undefined) throw new Error(`${program} did not start`);
  return identity;
}

export const lastWords = (logFile: string): string =>
  readFileSync(logFile, "utf8").trim().split("\n").slice(-15).join("\n");

/**
 * Asks the process to end, and makes it end after `timeoutMs`. Does nothing to a process that is not the one launched.
 */
export async function stop(known: ProcessIdentity, signal: NodeJS.Signals, timeoutMs: number): Promise<void> {
  if (!isRunning(known)) return;
  process.kill(known.pid, signal);
  if (!(await endsWithin(known, timeoutMs))) await kill(known);
}

/** `kill -9` for the process and its children, as a power cut would have it. */
export async function kill(known: ProcessIdentity): Promise<void> {
  if (!isRunning(known)) return;
  for (const pid of [known.pid, ...childrenOf(known.pid)]) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It has ended in between.
    }
  }
  if (!(await endsWithin(known, 10_000))) throw new Error(`process ${known.pid} survived SIGKILL`);
}

const collectingMs = 2_000;

async function endsWithin(known: ProcessIdentity, timeoutMs: number): Promise<boolean> {
  if (!(await becomesTrue(() => !isRunning(known), timeoutMs))) return false;
  // Postgres refuses to start while its old pid is there, even as a zombie.
  await becomesTrue(() => isCollected(known), collectingMs);
  return true;
}

async function becomesTrue(condition: () => boolean, timeoutMs: number): Promise<boolean> {
  const deadlineAt = Date.now() + timeoutMs;
  while (!condition()) {
    if (Date.now() > deadlineAt) return false;
    await sleep(20);
  }
  return true;
}
