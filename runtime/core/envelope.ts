import type { EmittedEvent } from "./emission.ts";
import { toRfc3339 } from "./time.ts";

const SOURCE = "rollcall";
const SCHEMA_VERSION = { major: 1, minor: 0, patch: 0 };

/** Bounded: only types that contracts name are looked up. */
const kebabNames = new Map<string, string>();

/** `OrderPlaced` of the domain `shop` becomes `shop.order-placed`. */
export function eventTypeOf(domain: string, payloadType: string): string {
  let kebab = kebabNames.get(payloadType);
  if (kebab === undefined) {
    kebab = payloadType.replace(/([a-z0-9])([A-Z])/g, "$1-$2").toLowerCase();
    kebabNames.set(payloadType, kebab);
  }
  return `${domain}.${kebab}`;
}

const envelopeOf = (domain: string, event: EmittedEvent) => ({
  envelope_id: event.id,
  envelope_timestamp: toRfc3339(event.eventTimeMs),
  correlation_id: event.correlationId,
  parent_envelope_id: event.causationId,
  event_type: eventTypeOf(domain, event.type),
  payload_type: event.type,
  payload_schema_version: SCHEMA_VERSION,
  source_tool: SOURCE,
  payload: event.payload,
});
type Envelope = ReturnType<typeof envelopeOf>;

/** An event's envelope as it is published (protocol.md, Envelope). The same event gives the same bytes. */
export function encodeEvent(domain: string, event: EmittedEvent, traceparent: string | undefined) {
  const envelope = envelopeOf(domain, event);
  return { value: JSON.stringify(envelope), headers: headersOf(envelope, traceparent) };
}

/** An event's headers follow from its value. They also make it a CloudEvent in binary mode. */
export const headersOfEncodedEvent = (value: string, traceparent: string | undefined) =>
  headersOf(JSON.parse(value) as Envelope, traceparent);

function headersOf(envelope: Envelope, traceparent: string | undefined): Readonly<Record<string, string>> {
  const { envelope_id: id, envelope_timestamp: timestamp, correlation_id, event_type, payload } = envelope;
  const headers = {
    "content-type": "application/json",
    correlation_id,
    message_id: id,
    event_type,
    timestamp,
    source: SOURCE,
    ce_specversion: "1.0",
    ce_id: id,
    ce_type: event_type,
    ce_source: SOURCE,
    ce_time: timestamp,
    ce_subject: String(payload["entity_id"]),
  };
  return traceparent === undefined ? headers : { ...headers, traceparent };
}
