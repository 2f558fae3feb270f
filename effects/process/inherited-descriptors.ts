import { readdirSync, readFileSync } from "node:fs";

const CLOSED_ON_EXEC = 0o2000000;
/** Of a child's, that can be closed. */
const NUMBER_MAX = 1_024;

/**
 * What stands for the open files of this process that a child would get beside its three: whoever has started the node
 * may have left some open. What the node itself opens, no child gets.
 */
export function closedForChildren(): readonly "ignore"[] {
  const highest = Math.max(2, ...inherited());
  return Array.from({ length: Math.min(highest, NUMBER_MAX) - 2 }, () => "ignore");
}

function inherited(): readonly number[] {
  try {
    return readdirSync("/proc/self/fd")
      .map(Number)
      .filter((number) => number > 2 && !isClosedOnExec(number));
  } catch {
    return [];
  }
}

function isClosedOnExec(number: number): boolean {
  try {
    const [, flags = "0"] = /^flags:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${number}`, "latin1")) ?? [];
    return (Number.parseInt(flags, 8) & CLOSED_ON_EXEC) !== 0;
  } catch {
    // It was closed meanwhile.
    return true;
  }
}
