import type { EmittedEvent } from "./decision.ts";
import { toRfc3339 } from "./time.ts";

const SOURCE = "rollcall";
const SCHEMA_VERSION = { major: 1, minor: 0, patch: 0 };

/** `OrderPlaced` of the domain `shop` is `shop.order-placed`. */
export const eventTypeOf = (domain: string, payloadType: string): string =>
  `${domain}.${payloadType.replace(/([a-z0-9])([A-Z])/g, "$1-$2").toLowerCase()}`;

export interface Encoded {
  readonly value: string;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * An event as it leaves: the envelope's bytes, and headers that make it a CloudEvent in binary mode as well
 * (protocol.md, Envelope). The same event gives the same bytes.
 */
export function encodeEvent(domain: string, event: EmittedEvent, traceparent: string | undefined): Encoded {
  const eventType = eventTypeOf(domain, event.type);
  const timestamp = toRfc3339(event.at);
  const value = JSON.stringify({
    envelope_id: event.id,
    envelope_timestamp: timestamp,
    correlation_id: event.correlationId,
    parent_envelope_id: event.causationId,
    event_type: eventType,
    payload_type: event.type,
    payload_schema_version: SCHEMA_VERSION,
    source_tool: SOURCE,
    payload: event.payload,
  });
  const headers = {
    "content-type": "application/json",
    correlation_id: event.correlationId,
    message_id: event.id,
    event_type: eventType,
    timestamp,
    source: SOURCE,
    ce_specversion: "1.0",
    ce_id: event.id,
    ce_type: eventType,
    ce_source: SOURCE,
    ce_time: timestamp,
    ce_subject: String(event.payload["entity_id"]),
  };
  return { value, headers: traceparent === undefined ? headers : { ...headers, traceparent } };
}
