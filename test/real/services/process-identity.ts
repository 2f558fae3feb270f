import { readFileSync } from "node:fs";

/** A pid comes back for another process; together with the boot and the tick it started at, it does not. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly startedAt: string;
}

/** Undefined for a process that is not there, or is a zombie: dead, and only not yet collected. */
export function identityOf(pid: number): ProcessIdentity | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name stands in parentheses and may hold anything: count from behind it. Field 3 is the state, 22 the start.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (fields[0] === "Z" || fields[0] === "X") return undefined;
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    return { pid, startedAt: `${boot}/${fields[19]}` };
  } catch {
    return undefined;
  }
}

export const isRunning = (known: ProcessIdentity | undefined): known is ProcessIdentity =>
  known !== undefined && identityOf(known.pid)?.startedAt === known.startedAt;

export function childrenOf(pid: number): readonly number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);
  } catch {
    return [];
  }
}
