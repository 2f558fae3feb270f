import { v7 } from "uuid";
import type { ConsumedTopic, Domain } from "../../../runtime/core/domain.ts";
import { eventTypeOf } from "../../../runtime/core/envelope.ts";
import { ENTITY_ID_LENGTH, isEntityId, senderId } from "../../../runtime/core/ids.ts";
import { escapePointer, isObject } from "../../../runtime/core/incoming-json.ts";
import type { System } from "../../host/compose.ts";
import { messageTo, sealed } from "../../host/outgoing-message.ts";
import type { Caller } from "../server/access.ts";
import { invalidParts, invalidRequest, Problem } from "../server/problem.ts";

/** An event from a request's body, checked as the runtime checks it, and the message to publish for it. */
export type IncomingEvent = ReturnType<typeof parseIncomingEvent>;

/**
 * @param body an envelope, or `{payload_type, payload}`
 * @param traceparent the request's header
 * @throws Problem, or DecodeError, with a pointer to each wrong part
 */
export function parseIncomingEvent({ domain, runtime }: System, body: unknown, traceparent?: unknown) {
  const status = runtime.status();
  if (status.partitions === 0)
    throw new Problem("unavailable", "the domain has not started yet", { retryAfterSeconds: 1 });
  if (!isObject(body)) throw new Problem("invalid-request", "send an envelope, or {payload_type, payload}");
  const consumed = findConsumedTopic(domain, body["payload_type"]);
  checkPayload(domain, consumed, body["payload"]);
  const source = typeof body["source_tool"] === "string" ? body["source_tool"] : "";
  const messageId = senderId(source, body["envelope_id"]) ?? v7();
  const headers = {
    "content-type": "application/json",
    message_id: messageId,
    source: "http",
    ...(typeof traceparent === "string" && { traceparent }),
  };
  const envelope = { ...body, envelope_id: messageId };
  return {
    type: consumed.type,
    messageId,
    /** False: the runtime journals it only if it changes something. */
    isJournaled: consumed.journal,
    ...messageTo(domain, consumed, status, envelope, headers),
  };
}

/** No call of a gateway is called so. */
const OPERATION = "POST /events";

/**
 * The event with who sent it, where the contract reads nothing else of a door. What a gateway would have loaded is not
 * known here: a message of which the contract reads that gets no door, and so is declined.
 * @throws Fault of the store
 */
export async function sealedEvent(system: System, event: IncomingEvent, { door }: Caller): Promise<IncomingEvent> {
  if (!system.domain.onlyCallerRead.has(event.type)) return event;
  return { ...event, outgoing: await sealed(system, event, { caller: door, loaded: {}, operation: OPERATION }) };
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
function checkPayload({ entityIdField }: Domain, { message, type }: ConsumedTopic, payload: unknown): void {
  const notObject = { pointer: "/payload", detail: `${type} is an object` };
  const errors = isObject(payload)
    ? invalidParts(message.schema.safeParse(payload).error?.issues ?? [], "/payload")
    : [notObject];
  if (errors.length > 0) throw invalidRequest(errors, "INVALID_PAYLOAD");
  const id = isObject(payload) ? (payload[entityIdField] ?? undefined) : undefined;
  if (id === undefined || isEntityId(String(id))) return;
  const pointer = `/payload/${escapePointer(entityIdField)}`;
  throw invalidRequest([{ pointer, detail: `an id has ${ENTITY_ID_LENGTH}` }], "INVALID_PAYLOAD");
}
