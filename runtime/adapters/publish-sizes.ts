import { Fault } from "../core/fault.ts";
import type { OutgoingMessage } from "../ports/event-bus.ts";

/** The most bytes of a partition in one call, and of one message. */
export const PARTITION_BYTES_MAX = 512 * 1024;
/** Of a record in addition to its key, value and headers. */
const recordOverheadBytes = 32;

export const topicPartitionName = ({ topic, partition }: Pick<OutgoingMessage, "topic" | "partition">): string =>
  `${topic}[${partition}]`;

/**
 * Splits messages, keeping their order, into calls with at most so many bytes for each partition. A message larger than
 * that gets a call of its own.
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

/** @throws Fault MESSAGE_TOO_LARGE, not retryable: names the topic and partition of the first that is too large */
export function assertMessageSizes(messages: readonly OutgoingMessage[]): void {
  const large = messages.find((message) => sizeOf(message) > PARTITION_BYTES_MAX);
  if (large !== undefined) throw messageTooLarge(large, `${PARTITION_BYTES_MAX} bytes are allowed`);
}

export function messageTooLarge(message: OutgoingMessage, limit: string, cause?: unknown): Fault {
  const text = `a message of ${sizeOf(message)} bytes is too large for ${topicPartitionName(message)}: ${limit}`;
  return new Fault("MESSAGE_TOO_LARGE", text, { retryable: false, cause });
}

function sizeOf({ key, value, headers }: OutgoingMessage): number {
  let bytes = recordOverheadBytes + (key?.length ?? 0) + (value?.length ?? 0);
  for (const name of Object.keys(headers)) bytes += name.length + Buffer.byteLength(headers[name] ?? "");
  return bytes;
}
