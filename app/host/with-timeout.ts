import { settleWithin } from "../../runtime/ports/settle-within.ts";
import type { Clock } from "../../runtime/ports/clock.ts";

/** @throws Error when the work takes longer; it is not cancelled */
export const withTimeout = <Result>(
  clock: Pick<Clock, "after">,
  timeoutMs: number,
  work: Promise<Result>,
  message = `no answer within ${timeoutMs / 1_000} s`,
): Promise<Result> =>
  settleWithin(
    timeoutMs,
    work,
    () => {
      throw new Error(message);
    },
    clock,
  );
