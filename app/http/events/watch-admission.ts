import type { Clock } from "../../../runtime/ports/clock.ts";

/** How soon a stream ends when what let it in is there no more, at most. */
const CHECK_MS = 2_000;

/** Calls back once when it does not hold any more. @returns what ends that */
export function watchAdmission(clock: Clock, holds: () => boolean, onWithdrawn: () => void): () => void {
  let cancel = (): void => {};
  const wait = (): void => void (cancel = clock.after(CHECK_MS, () => (holds() ? wait() : onWithdrawn())));
  wait();
  return () => cancel();
}
