import type { Domain } from "../../core/domain.ts";
import type { ByTopicPartition, LogEnds } from "../../ports/event-bus.ts";

/** Offsets of a topic that were deleted from the log before they were read; `to` is the first one still there. */
export interface LogGap {
  readonly topic: string;
  readonly from: number;
  readonly to: number;
}

interface StartPositions {
  /** Topic -> offset of the first record to read. */
  readonly positions: Map<string, number>;
  readonly gaps: readonly LogGap[];
  /** Why the partition must not be read: the stored offset is above the log's end, so this is another log. */
  readonly refusalReason?: string;
}

/** Where to begin to read a partition, by the stored offsets and by what the log still has. */
export function startPositions(
  domain: Domain,
  partition: number,
  storedOffsets: ReadonlyMap<string, number>,
  ends: ByTopicPartition<LogEnds>,
): StartPositions {
  const positions = new Map<string, number>();
  const gaps: LogGap[] = [];
  for (const { topic } of domain.consumed) {
    const end = ends.get(topic)?.get(partition) ?? { low: 0, high: 0 };
    const storedOffset = storedOffsets.get(topic);
    if (storedOffset !== undefined && storedOffset > end.high)
      return {
        positions,
        gaps,
        refusalReason:
          `${topic} partition ${partition} ends at ${end.high} but ${storedOffset} was read before: not the log ` +
          `that was known; \`rollcall offsets reset\` decides`,
      };
    if (storedOffset !== undefined && storedOffset < end.low) gaps.push({ topic, from: storedOffset, to: end.low });
    positions.set(topic, Math.max(storedOffset ?? end.low, end.low));
  }
  return { positions, gaps };
}
