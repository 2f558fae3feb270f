import type { OutgoingMessage } from "../../ports/event-bus.ts";

/** What a record costs beside its key, value and headers. */
const recordOverheadBytes = 32;

export const topicPartitionName = ({ topic, partition }: Pick<OutgoingMessage, "topic" | "partition">): string =>
  `${topic}[${partition}]`;

/**
 * Splits, in order, so that no partition gets more than so many bytes in one call; a message larger than that goes
 * alone.
 */
export function splitIntoCalls(messages: readonly OutgoingMessage[], partitionBytesMax: number): OutgoingMessage[][] {
  const calls: OutgoingMessage[][] = [];
  let call: OutgoingMessage[] = [];
  const bytesOf = new Map<string, number>();
  for (const message of messages) {
    const topicPartition = topicPartitionName(message);
    const before = bytesOf.get(topicPartition) ?? 0;
    const bytes = sizeOf(message);
    if (before > 0 && before + bytes > partitionBytesMax) {
      calls.push(call);
      call = [];
      bytesOf.clear();
    }
    call.push(message);
    bytesOf.set(topicPartition, (bytesOf.get(topicPartition) ?? 0) + bytes);
  }
  return call.length > 0 ? [...calls, call] : calls;
}

function sizeOf({ key, value, headers }: OutgoingMessage): number {
  let bytes = recordOverheadBytes + (key?.length ?? 0) + (value?.length ?? 0);
  for (const name of Object.keys(headers)) bytes += name.length + Buffer.byteLength(headers[name] ?? "");
  return bytes;
}
