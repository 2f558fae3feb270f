import type { ShellContext } from "../shell-context.ts";

/**
 * Pauses partitions when a bound is reached, and resumes them at half of it. Nothing is dropped.
 * @param sharedFill how full the queues are that all partitions share, 1 at their bound
 */
export function applyBackpressure({ bus, limits, owned }: ShellContext, sharedFill: number): void {
  const paused: number[] = [];
  const resumed: number[] = [];
  for (const partition of owned.values()) {
    const { waitingMessages, waitingBytes, isPaused } = partition;
    const ownFill = Math.max(waitingMessages / limits.waitingMessagesMax, waitingBytes / limits.waitingBytesMax);
    const fill = Math.max(ownFill, sharedFill);
    if (isPaused ? fill >= 0.5 : fill < 1) continue;
    partition.isPaused = !isPaused;
    (isPaused ? resumed : paused).push(partition.number);
  }
  if (paused.length > 0) bus.pause(paused);
  if (resumed.length > 0) bus.resume(resumed);
}
