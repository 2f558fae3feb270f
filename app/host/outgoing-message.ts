import { decodeRecord } from "../../runtime/core/decode.ts";
import type { ConsumedTopic, Domain } from "../../runtime/core/domain.ts";
import { partitionOf } from "../../runtime/core/murmur2.ts";
import type { OutgoingMessage } from "../../runtime/ports/event-bus.ts";
import type { RuntimeStatus } from "../../runtime/shell/runtime.ts";

/**
 * A message to a domain, checked as the runtime checks it when it arrives.
 * @param body the whole envelope
 * @throws DecodeError, with a pointer to each wrong part
 */
export function messageTo(
  domain: Domain,
  consumed: ConsumedTopic,
  { partitions, brokerTimeMs }: Pick<RuntimeStatus, "partitions" | "brokerTimeMs">,
  body: object,
  headers: Readonly<Record<string, string>>,
): { readonly entityId: string; readonly outgoing: OutgoingMessage } {
  const { topic } = consumed;
  const value = Buffer.from(JSON.stringify(body));
  const record = { topic, partition: 0, offset: 0, value, headers, brokerTimeMs };
  const { entityId } = decodeRecord(domain, [consumed], record);
  const partition = partitionOf(entityId, partitions);
  return { entityId, outgoing: { topic, partition, key: Buffer.from(entityId), value, headers } };
}
