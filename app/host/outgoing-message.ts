import type { Message } from "../../runtime/core/message.ts";
import { decodeRecord } from "../../runtime/core/decode.ts";
import type { Door } from "../../runtime/core/door.ts";
import { DOOR_HEADER, type DoorKey, sealDoor } from "../../runtime/core/door-seal.ts";
import type { ConsumedTopic, Domain } from "../../runtime/core/domain.ts";
import { partitionOf } from "../../runtime/core/murmur2.ts";
import type { OutgoingMessage } from "../../runtime/ports/event-bus.ts";
import type { RuntimeStatus } from "../../runtime/shell/runtime.ts";
import type { System } from "./compose.ts";

/**
 * A message to a domain, checked as the runtime checks it when it arrives.
 * @param body the whole envelope
 * @returns with the message as it will be read, but for its place in the log
 * @throws DecodeError, with a pointer to each wrong part
 */
export function messageTo(
  domain: Domain,
  consumed: ConsumedTopic,
  { partitions, brokerTimeMs }: Pick<RuntimeStatus, "partitions" | "brokerTimeMs">,
  body: object,
  headers: Readonly<Record<string, string>>,
): { readonly entityId: string; readonly message: Message; readonly outgoing: OutgoingMessage } {
  const { topic } = consumed;
  const value = Buffer.from(JSON.stringify(body));
  const record = { topic, partition: 0, offset: 0, value, headers, brokerTimeMs };
  const message = decodeRecord(domain, [consumed], record);
  const { entityId } = message;
  const partition = partitionOf(entityId, partitions);
  return { entityId, message, outgoing: { topic, partition, key: Buffer.from(entityId), value, headers } };
}

/**
 * The message with its door, as a gateway publishes it: without delay, since a door is too old after 10 minutes.
 * @param message of `messageTo`, whose envelope has this id
 * @param atMs now by the broker's clock
 * @throws RangeError when what is loaded is over 16 KiB
 */
export function withDoor(
  key: DoorKey,
  message: {
    readonly domain: string;
    readonly type: string;
    readonly messageId: string;
    readonly entityId: string;
    readonly outgoing: OutgoingMessage;
  },
  door: Door,
  atMs: number,
): OutgoingMessage {
  const { domain, type, messageId: id, entityId, outgoing } = message;
  const value = outgoing.value ?? new Uint8Array();
  const header = sealDoor(key, door, { domain, type, id, entityId, value }, atMs);
  return { ...outgoing, headers: { ...outgoing.headers, [DOOR_HEADER]: header } };
}

/** A message of `messageTo` with a door of this deployment, as of now. @throws as `withDoor`; Fault of the store */
export async function sealed(
  { name, runtime, doorKeys }: Pick<System, "name" | "runtime" | "doorKeys">,
  { message, entityId, outgoing }: ReturnType<typeof messageTo>,
  door: Door,
): Promise<OutgoingMessage> {
  const { type, id: messageId } = message;
  const key = await doorKeys.sealing();
  return withDoor(key, { domain: name, type, messageId, entityId, outgoing }, door, runtime.brokerTimeMs);
}
