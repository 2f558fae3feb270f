import { openSync, readdirSync, readFileSync } from "node:fs";

const CLOSED_ON_EXEC = 0o2000000;
/** Of a child's, that can be closed. */
const NUMBER_MAX = 1_024;

/**
 * What a child gets beside its three instead of files that are open here: whoever has started the node may have left
 * some open. What the node itself opens, no child gets.
 */
export function instead(): readonly ("ignore" | number)[] {
  const found = new Set(inherited());
  if (found.size === 0) return [];
  const nothing = openSync("/dev/null", "r+");
  const highest = Math.min(Math.max(...found), NUMBER_MAX);
  return Array.from({ length: highest - 2 }, (_, index) => (found.has(index + 3) ? nothing : "ignore"));
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
