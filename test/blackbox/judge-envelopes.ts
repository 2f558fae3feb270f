import { CloudEvent, Kafka as CloudEventsOnKafka } from "cloudevents";
import { type Envelope, envelopeOf, type PublishedRecord } from "./evidence.ts";
import type { PublicDomain } from "./topics.ts";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const UTC_MS = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** Every envelope is as protocol.md says, and so are the headers that repeat it. */
export function judgeEnvelopes(
  records: readonly PublishedRecord[],
  { name: domain, idField, attemptField }: PublicDomain,
): string[] {
  return records.flatMap((record) => {
    const envelope = envelopeOf(record);
    const { payload } = envelope;
    const wrong = (what: string): string => `envelope ${envelope.payload_type} ${envelope.envelope_id}: ${what}`;
    const demands: readonly (readonly [boolean, string])[] = [
      [UUID.test(envelope.envelope_id), "envelope_id is no UUID"],
      [UTC_MS.test(envelope.envelope_timestamp), "envelope_timestamp is not RFC 3339 in UTC with ms"],
      [UUID.test(envelope.correlation_id), "correlation_id is no UUID"],
      [envelope.correlation_id === payload["correlation_id"], "payload has another correlation_id"],
      [envelope.parent_envelope_id === payload["causation_id"], "causation_id is not the parent"],
      [envelope.event_type === routingKey(domain, envelope.payload_type), `event_type is ${envelope.event_type}`],
      [JSON.stringify(envelope.payload_schema_version) === '{"major":1,"minor":0,"patch":0}', "schema version"],
      [envelope.source_tool === "rollcall", "source_tool"],
      [payload["entity_id"] === payload[idField], `entity_id is not ${idField}`],
      [UUID.test(String(payload[attemptField])), `${attemptField} is no UUID`],
      [UTC_MS.test(String(payload["emitted_at"])), "emitted_at"],
    ];
    const kafka = record.kafka ? judgeLabels(record.value, envelope, record.kafka) : [];
    return [...demands.flatMap(([kept, what]) => (kept ? [] : [what])), ...kafka].map(wrong);
  });
}

const routingKey = (domain: string, type: string): string =>
  `${domain}.${type.replace(/([a-z])([A-Z])/g, "$1-$2").toLowerCase()}`;

/** Headers, and whether a CloudEvents library takes the record for a valid event in binary mode. */
function judgeLabels(
  value: string,
  envelope: Envelope,
  { key, headers }: NonNullable<PublishedRecord["kafka"]>,
): string[] {
  const expected = {
    "content-type": "application/json",
    correlation_id: envelope.correlation_id,
    message_id: envelope.envelope_id,
    event_type: envelope.event_type,
    timestamp: envelope.envelope_timestamp,
    source: "rollcall",
  };
  const broken = Object.entries(expected).flatMap(([name, text]) =>
    headers[name] === text ? [] : [`header ${name} is ${headers[name]}`],
  );
  if (key !== envelope.payload["entity_id"]) broken.push(`the key is ${key}`);
  try {
    const message = { headers: { ...headers }, key, value, body: value };
    const event = CloudEventsOnKafka.toEvent(message);
    if (!(event instanceof CloudEvent)) return [...broken, "no single CloudEvent"];
    event.validate();
    const told = { id: event.id, type: event.type, source: event.source, subject: event.subject, time: event.time };
    const meant = {
      id: envelope.envelope_id,
      type: envelope.event_type,
      source: "rollcall",
      subject: envelope.payload["entity_id"],
      time: envelope.envelope_timestamp,
    };
    if (JSON.stringify(told) !== JSON.stringify(meant)) broken.push(`the CloudEvent says ${JSON.stringify(told)}`);
    if ((event.data as Envelope).envelope_id !== envelope.envelope_id) broken.push("its data is not the envelope");
  } catch (error) {
    broken.push(`no valid CloudEvent: ${String(error)}`);
  }
  return broken;
}
