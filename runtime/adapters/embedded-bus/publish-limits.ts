import { Fault } from "../../core/fault.ts";
import type { OutgoingMessage } from "../../ports/event-bus.ts";

const messagesMax = 1_000;
const bytesPerPartitionMax = 512 * 1024;

/**
 * The same limits on every bus: what an embedded Rollcall accepts, Kafka accepts too.
 * @throws Fault MESSAGE_TOO_LARGE, not retryable: names the topic and partition
 */
export function assertPublishLimits(messages: readonly OutgoingMessage[]): void {
  if (messages.length > messagesMax) throw new RangeError(`at most ${messagesMax} messages a call`);
  const bytes = new Map<string, number>();
  for (const message of messages) {
    const topicPartition = `${message.topic}/${message.partition}`;
    const sum = (bytes.get(topicPartition) ?? 0) + bytesOf(message);
    bytes.set(topicPartition, sum);
    if (sum > bytesPerPartitionMax)
      throw new Fault(
        "MESSAGE_TOO_LARGE",
        `more than ${bytesPerPartitionMax} bytes in one call for ${topicPartition}`,
        {
          retryable: false,
        },
      );
  }
}

function bytesOf({ key, value, headers }: OutgoingMessage): number {
  const headerBytes = Object.entries(headers).reduce(
    (sum, [name, header]) => sum + Buffer.byteLength(name) + Buffer.byteLength(header),
    0,
  );
  return (key?.length ?? 0) + (value?.length ?? 0) + headerBytes;
}
