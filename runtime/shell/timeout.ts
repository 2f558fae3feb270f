import type { Clock } from "../ports/clock.ts";
import { settleWithin } from "../ports/settle-within.ts";

/**
 * Makes a call whose signal aborts after `timeoutMs`.
 * @throws what the call throws; an Error at the timeout, without waiting for the call
 */
export async function withTimeout<Result>(
  clock: Clock,
  timeoutMs: number,
  call: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const abort = new AbortController();
  const onTimeout = (): never => {
    // Afterwards: an aborted call may fail at once, and the timeout is the reason.
    queueMicrotask(() => abort.abort());
    throw new Error(`no answer within ${timeoutMs} ms; the outcome is unknown`);
  };
  return settleWithin(timeoutMs, call(abort.signal), onTimeout, clock);
}
