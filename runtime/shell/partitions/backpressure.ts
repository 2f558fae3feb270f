import type { ShellContext } from "../shell-context.ts";

/** What the partitions of a domain queue together. */
interface SharedQueues {
  readonly intents: number;
  readonly unpublished: number;
}

/** Pauses partitions when a bound is reached, and resumes them at half of it. Nothing is dropped. */
export function applyBackpressure({ bounds, bus, clock, limits, owned }: ShellContext, queues: SharedQueues): void {
  const allWaitingBytes = [...owned.values()].reduce((sum, { waitingBytes }) => sum + waitingBytes, 0);
  const sharedFill = Math.max(
    allWaitingBytes / bounds.use("waitingBytes", allWaitingBytes),
    queues.intents / bounds.use("intents", queues.intents),
    queues.unpublished / bounds.use("unpublished", queues.unpublished),
  );
  const paused: number[] = [];
  const resumed: number[] = [];
  for (const partition of owned.values()) {
    const { waitingMessages, waitingBytes, isPaused } = partition;
    const ownFill = Math.max(waitingMessages / limits.waitingMessagesMax, waitingBytes / limits.waitingBytesMax);
    const fill = Math.max(ownFill, sharedFill);
    if (isPaused) partition.heldBackAtMs = clock.monotonicMs();
    if (isPaused ? fill >= 0.5 : fill < 1) continue;
    partition.isPaused = !isPaused;
    (isPaused ? resumed : paused).push(partition.number);
  }
  if (paused.length > 0) bus.pause(paused);
  if (resumed.length > 0) bus.resume(resumed);
}

/** Forgets the entities that were not used for longest when the domain may not keep as many: the store has them. */
export function trimEntities({ bounds, owned }: ShellContext): void {
  const caches = [...owned.values()].map(({ entities }) => entities);
  const count = caches.reduce((sum, { size }) => sum + size, 0);
  const bytes = caches.reduce((sum, { calculatedSize }) => sum + calculatedSize, 0);
  const keptCount = Math.min(1, bounds.use("entities", count) / count);
  const keptBytes = Math.min(1, bounds.use("entityBytes", bytes) / bytes);
  if (!(keptCount < 1 || keptBytes < 1)) return;
  for (const entities of caches) {
    const [countMax, bytesMax] = [Math.floor(entities.size * keptCount), entities.calculatedSize * keptBytes];
    while (entities.size > countMax || entities.calculatedSize > bytesMax) entities.pop();
  }
}
