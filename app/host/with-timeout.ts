import type { Clock } from "../../runtime/ports/clock.ts";

/** @throws Error when the work takes longer; it is not cancelled */
export async function withTimeout<Result>(
  clock: Pick<Clock, "after">,
  timeoutMs: number,
  work: Promise<Result>,
  message = `no answer within ${timeoutMs / 1_000} s`,
): Promise<Result> {
  let cancel = (): void => {};
  const timedOut = new Promise<never>((_, reject) => {
    cancel = clock.after(timeoutMs, () => reject(new Error(message)));
  });
  return Promise.race([work, timedOut]).finally(() => cancel());
}
