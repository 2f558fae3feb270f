import type { Clock } from "./clock.ts";

/**
 * Unlike a Clock's timer it keeps the process alive: a broken connection leaves nothing else that would, and the
 * process would end in the middle of an `await`.
 */
const keepingAlive: Pick<Clock, "after"> = {
  after(delayMs, call) {
    const timer = setTimeout(call, delayMs);
    return () => clearTimeout(timer);
  },
};

/**
 * Waits for `work` at most so long; then the result is what `onTimeout` returns or throws. The work is not cancelled,
 * and its own result is ignored.
 */
export function settleWithin<Result>(
  timeoutMs: number,
  work: Promise<Result>,
  onTimeout: () => Result,
  clock: Pick<Clock, "after"> = keepingAlive,
): Promise<Result> {
  let cancel: () => void = () => {};
  const timeout = new Promise<void>((resolve) => (cancel = clock.after(timeoutMs, resolve))).then(onTimeout);
  return Promise.race([work, timeout]).finally(() => cancel());
}
