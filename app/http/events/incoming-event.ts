import { v7 } from "uuid";
import { decodeRecord } from "../../../runtime/core/decode.ts";
import type { ConsumedTopic, Domain } from "../../../runtime/core/domain.ts";
import { eventTypeOf } from "../../../runtime/core/envelope.ts";
import { senderId } from "../../../runtime/core/ids.ts";
import { partitionOf } from "../../../runtime/core/murmur2.ts";
import { isObject, type JsonObject, DecodeError } from "../../../runtime/core/incoming-json.ts";
import type { OutgoingMessage } from "../../../runtime/ports/event-bus.ts";
import { problemOfDecodeError } from "../server/json-body.ts";
import { describeParts, invalidParts, Problem } from "../server/problem.ts";

/** An event from a request's body, checked as the runtime checks it, and the message to publish for it. */
export interface IncomingEvent {
  readonly messageId: string;
  readonly nodeId: string;
  /** False: the runtime journals it only if it changes something. */
  readonly isJournaled: boolean;
  readonly outgoing: OutgoingMessage;
}

/**
 * @param body an envelope, or `{payload_type, payload}`
 * @throws Problem with a pointer to each wrong part
 */
export function parseIncomingEvent(
  domain: Domain,
  body: JsonObject,
  options: { readonly partitions: number; readonly brokerTimeMs: number; readonly traceparent?: string | undefined },
): IncomingEvent {
  const { partitions, brokerTimeMs, traceparent } = options;
  const consumed = findConsumedTopic(domain, body["payload_type"]);
  checkPayload(consumed, body["payload"]);
  const source = typeof body["source_tool"] === "string" ? body["source_tool"] : "";
  const messageId = senderId(source, body["envelope_id"]) ?? v7();
  const value = Buffer.from(JSON.stringify({ ...body, envelope_id: messageId }));
  const headers = {
    "content-type": "application/json",
    message_id: messageId,
    source: "http",
    ...(traceparent !== undefined && { traceparent }),
  };
  const record = { topic: consumed.topic, partition: 0, offset: 0, value, headers, brokerTimeMs };
  const { entityId } = decodeOrProblem(domain, consumed, record);
  return {
    messageId,
    nodeId: entityId,
    isJournaled: consumed.journal,
    outgoing: {
      topic: consumed.topic,
      partition: partitionOf(entityId, partitions),
      key: Buffer.from(entityId),
      value,
      headers,
    },
  };
}

function findConsumedTopic(domain: Domain, named: unknown): ConsumedTopic {
  const consumed = domain.consumed.find(
    ({ type }) => named === type || named === `Model${type}` || named === eventTypeOf(domain.name, type),
  );
  if (consumed) return consumed;
  const detail = `one of ${domain.consumed.map(({ type }) => type).join(", ")}`;
  throw new Problem("invalid-request", `payload_type: ${detail}`, {
    code: "UNKNOWN_TYPE",
    errors: [{ pointer: "/payload_type", detail }],
  });
}

/** Reports every wrong field; `decodeRecord` reports at most eight. */
function checkPayload({ message, type }: ConsumedTopic, payload: unknown): void {
  if (!isObject(payload)) throw invalidPayload([{ pointer: "/payload", detail: `${type} is an object` }]);
  const { error } = message.schema.safeParse(payload);
  if (error) throw invalidPayload(invalidParts(error.issues, "/payload"));
}

function decodeOrProblem(
  ...[domain, consumed, record]: Parameters<typeof decodeRecord>
): ReturnType<typeof decodeRecord> {
  try {
    return decodeRecord(domain, consumed, record);
  } catch (error) {
    throw error instanceof DecodeError ? problemOfDecodeError(error) : error;
  }
}

const invalidPayload = (errors: Parameters<typeof describeParts>[0]): Problem =>
  new Problem("invalid-request", describeParts(errors), { code: "INVALID_PAYLOAD", errors });
