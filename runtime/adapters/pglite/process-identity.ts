import { execFileSync } from "node:child_process";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

/** A pid comes back for another process; together with the time it started at, it does not. */
export interface ProcessIdentity {
  readonly pid: number;
  /** In the words of the system; empty where it can't be told. */
  readonly startedAt: string;
  /** The machine, and where there are several, its world of pids: containers may share a folder and a host name. */
  readonly host: string;
}

export const thisProcess = (): ProcessIdentity => {
  cachedIdentity ??= { pid: process.pid, startedAt: processStart(process.pid) ?? "", host: hostOf() };
  return cachedIdentity;
};
let cachedIdentity: ProcessIdentity | undefined;

/** Only for a process of this host. */
export const isAlive = ({ pid, startedAt }: ProcessIdentity): boolean => processStart(pid) === startedAt;

/** Undefined for a process that is not there, or is a zombie: dead, and only not yet collected. */
function processStart(pid: number): string | undefined {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: somebody else's, but there.
    if (error instanceof Error && "code" in error && error.code === "ESRCH") return undefined;
  }
  return process.platform === "linux" ? linuxProcessStart(pid) : portableProcessStart(pid);
}

function linuxProcessStart(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name stands in parentheses and may hold anything: count from behind it. Field 3 is the state, 22 the start.
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
