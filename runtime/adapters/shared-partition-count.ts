import { Fault } from "../core/fault.ts";

/**
 * @param counts topic -> partition count
 * @returns undefined without topics
 * @throws Fault TOPICS_UNEQUAL, not retryable: names the topics
 */
export function sharedPartitionCount(counts: ReadonlyMap<string, number>): number | undefined {
  const [count, ...others] = new Set(counts.values());
  if (others.length === 0) return count;
  const list = [...counts].map(([topic, partitions]) => `${topic} has ${partitions}`).join(", ");
  const text = `topics that are read together need the same number of partitions: ${list}`;
  throw new Fault("TOPICS_UNEQUAL", text, { retryable: false });
}
