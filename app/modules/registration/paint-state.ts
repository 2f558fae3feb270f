import { colors } from "../../terminal/output.ts";

/** Colours a state by how much it needs an operator. */
export function paintState(state: string): string {
  if (state === "ACTIVE") return colors.green(state);
  if (/REJECTED|TIMED_OUT|EXPIRED/.test(state)) return colors.red(state);
  return /DEREGISTERED/.test(state) ? colors.dim(state) : colors.yellow(state);
}
