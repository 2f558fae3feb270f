import type { ByTopicPartition, LogEnds } from "../../ports/event-bus.ts";
import type { RuntimeStatus } from "../runtime-status.ts";
import type { Partition } from "./partition.ts";

/** How many records of the log were not taken yet. */
export function measureLag(
  partitions: Iterable<Partition>,
  ends: ByTopicPartition<LogEnds>,
): Pick<RuntimeStatus, "lag" | "lagByPartition"> {
  const lagByPartition = new Map<number, number>();
  let lag = 0;
  for (const { number, positions } of partitions) {
    let ofPartition = 0;
    for (const [topic, ofTopic] of ends)
      ofPartition += Math.max(0, (ofTopic.get(number)?.high ?? 0) - (positions.get(topic) ?? 0));
    lagByPartition.set(number, ofPartition);
    lag += ofPartition;
  }
  return { lag, lagByPartition };
}
