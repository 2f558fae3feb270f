import type { EventBus } from "../../ports/event-bus.ts";
import type { ShellLimits } from "../limits.ts";
import type { Partition } from "./partition.ts";

/**
 * Pauses partitions when a bound is reached and resumes them at half of it: nothing is dropped.
 * @param shared how full the process's own queues are, 1 at their bound
 */
export function balance(bus: EventBus, owned: Iterable<Partition>, shared: number, limits: ShellLimits): void {
  const changed: Partition[] = [];
  for (const partition of owned) {
    const { waitingMessages, waitingBytes, paused } = partition;
    const own = Math.max(waitingMessages / limits.waitingMessagesMax, waitingBytes / limits.waitingBytesMax);
    const fill = Math.max(own, shared);
    if (paused ? fill < 0.5 : fill >= 1) changed.push(partition);
  }
  for (const partition of changed) partition.paused = !partition.paused;
  const numbers = (paused: boolean): number[] =>
    changed.filter((partition) => partition.paused === paused).map(({ number }) => number);
  if (numbers(true).length > 0) bus.pause(numbers(true));
  if (numbers(false).length > 0) bus.resume(numbers(false));
}
