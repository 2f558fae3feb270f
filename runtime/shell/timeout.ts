import type { Clock } from "../ports/clock.ts";

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
  let cancel = (): void => {};
  const timeout = new Promise<never>((_, reject) => {
    cancel = clock.after(timeoutMs, () => {
      abort.abort();
      reject(new Error(`no answer within ${timeoutMs} ms; the outcome is unknown`));
    });
  });
  try {
    return await Promise.race([call(abort.signal), timeout]);
  } finally {
    cancel();
  }
}
