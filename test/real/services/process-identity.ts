import { readFileSync } from "node:fs";

/** A pid is used again for another process; together with the boot and the tick of its start it is unique. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly startedAt: string;
}

interface Process extends ProcessIdentity {
  /** A zombie is dead, but its parent has not collected it yet: until then its pid looks alive to others. */
  readonly isZombie: boolean;
}

function processAt(pid: number): Process | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name stands in parentheses and may hold anything: count from behind it. Field 3 is the state, 22 the start.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    return { pid, startedAt: `${boot}/${fields[19]}`, isZombie: fields[0] === "Z" };
  } catch {
    return undefined;
  }
}

/** Undefined when there is no such process. */
export function identityOf(pid: number): ProcessIdentity | undefined {
  const process = processAt(pid);
  return process && { pid, startedAt: process.startedAt };
}

export function isRunning(known: ProcessIdentity | undefined): known is ProcessIdentity {
  const process = known && processAt(known.pid);
  return process !== undefined && process.startedAt === known?.startedAt && !process.isZombie;
}

export const isCollected = (known: ProcessIdentity): boolean => processAt(known.pid)?.startedAt !== known.startedAt;

export function childrenOf(pid: number): readonly number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);
  } catch {
    return [];
  }
}
