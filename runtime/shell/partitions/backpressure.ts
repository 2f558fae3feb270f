import type { EventBus } from "../../ports/event-bus.ts";
import type { ShellLimits } from "../limits.ts";
import type { Partition } from "./partition.ts";

/**
 * Pauses partitions when a bound is reached, and resumes them at half of it. Nothing is dropped.
 * @param sharedFill how full the queues are that all partitions share, 1 at their bound
 */
export function applyBackpressure(
  bus: EventBus,
  owned: Iterable<Partition>,
  sharedFill: number,
  limits: ShellLimits,
): void {
  const changed: Partition[] = [];
  for (const partition of owned) {
    const { waitingMessages, waitingBytes, isPaused } = partition;
    const ownFill = Math.max(waitingMessages / limits.waitingMessagesMax, waitingBytes / limits.waitingBytesMax);
    const fill = Math.max(ownFill, sharedFill);
    if (isPaused ? fill < 0.5 : fill >= 1) changed.push(partition);
  }
  for (const partition of changed) partition.isPaused = !partition.isPaused;
  const numbersWhere = (paused: boolean): number[] =>
    changed.filter((partition) => partition.isPaused === paused).map(({ number }) => number);
  if (numbersWhere(true).length > 0) bus.pause(numbersWhere(true));
  if (numbersWhere(false).length > 0) bus.resume(numbersWhere(false));
}
