import type { Clock } from "./clock.ts";

/**
 * Unlike a Clock's timer it keeps the process alive: a broken connection leaves nothing else that would, and the
 * process would end in the middle of an `await`.
 */
const keepAliveTimer: Clock["after"] = (delayMs, call) => {
  const timer = setTimeout(call, delayMs);
  return () => clearTimeout(timer);
};

/**
 * Waits for `work` at most so long; then the result is what `onTimeout` returns or throws. The work is not cancelled,
 * and its own result is ignored.
 */
export function settleWithin<Result>(
  timeoutMs: number,
  work: Promise<Result>,
  onTimeout: () => Result,
  after: Clock["after"] = keepAliveTimer,
): Promise<Result> {
  let cancel: () => void = () => {};
  const timeout = new Promise<void>((resolve) => (cancel = after(timeoutMs, resolve))).then(onTimeout);
  return Promise.race([work, timeout]).finally(() => cancel());
}
