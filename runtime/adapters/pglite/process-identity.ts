import { execFileSync } from "node:child_process";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

/** Names a process for good: a pid alone is used again for another process, with its start time it is not. */
export interface ProcessIdentity {
  readonly pid: number;
  /** As the operating system writes it; empty where it is unknown. */
  readonly startedAt: string;
  /** Host name and, on Linux, the PID namespace: containers may share a folder and a host name. */
  readonly host: string;
}

export const thisProcess = (): ProcessIdentity => {
  cachedIdentity ??= { pid: process.pid, startedAt: processStart(process.pid) ?? "", host: hostOf() };
  return cachedIdentity;
};
let cachedIdentity: ProcessIdentity | undefined;

/** Whether a process of this host still runs. */
export const isAlive = ({ pid, startedAt }: ProcessIdentity): boolean => processStart(pid) === startedAt;

/** Undefined for a process that does not exist or is a zombie: it has ended, and its parent has not read its status. */
function processStart(pid: number): string | undefined {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it exists and belongs to another user.
    if (error instanceof Error && "code" in error && error.code === "ESRCH") return undefined;
  }
  return process.platform === "linux" ? linuxProcessStart(pid) : portableProcessStart(pid);
}

function linuxProcessStart(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name is in parentheses and may contain anything: count after it. Field 3 is the state, 22 the start time.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (fields[0] === "Z" || fields[0] === "X") return undefined;
    return `${readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()}/${fields[19]}`;
  } catch {
    return undefined;
  }
}

function portableProcessStart(pid: number): string | undefined {
  try {
    return execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8" }).trim();
  } catch {
    return "";
  }
}

function hostOf(): string {
  try {
    return `${hostname()} ${readlinkSync("/proc/self/ns/pid")}`;
  } catch {
    return hostname();
  }
}
