import type { JsonSchema } from "./payload-schema.ts";

const text = (description: string): JsonSchema => ({ type: "string", description });
const uuid = (description: string): JsonSchema => ({ type: "string", format: "uuid", description });
const time = (description: string): JsonSchema => ({ type: "string", format: "date-time", description });
const constant = (value: string, description: string): JsonSchema => ({ const: value, description });
const version = { type: "integer", minimum: 0 };
const object = (properties: JsonSchema): JsonSchema => ({ type: "object", properties });

const TRACEPARENT = text("W3C trace context; handed on to the events that follow");

const envelopeFields = {
  envelope_id: uuid("unique id of the message: drop duplicates by it"),
  envelope_timestamp: time("when the event happened"),
  correlation_id: uuid("the request, through every event of an attempt"),
  parent_envelope_id: { type: ["string", "null"], format: "uuid", description: "the message that caused this one" },
  event_type: text("routing key: the domain, a dot, the payload type in kebab case"),
  payload_type: text("the payload's name"),
  payload_schema_version: {
    type: "object",
    description: "another major number is another message",
    properties: { major: version, minor: version, patch: version },
  },
  source_tool: text("who made it"),
  payload: { type: "object", description: "as its type says" },
};

/** What every event is wrapped in (`runtime/core/envelope.ts`). */
export const ENVELOPE: JsonSchema = { ...object(envelopeFields), required: Object.keys(envelopeFields) };

/** What a producer may say beside the value. */
export const INCOMING_HEADERS = object({
  message_id: text("unique id of a bare payload: duplicates are dropped. An envelope or a CloudEvent has its own"),
  correlation_id: text("where the payload and the envelope name none"),
  traceparent: TRACEPARENT,
});

/** What we say: the envelope once more, as a CloudEvent in binary mode. */
export const EVENT_HEADERS = object({
  "content-type": constant("application/json", "of the value"),
  correlation_id: uuid("as in the envelope"),
  message_id: uuid("the envelope's id"),
  event_type: text("as in the envelope"),
  timestamp: time("the envelope's"),
  source: text("who made it"),
  ce_specversion: constant("1.0", "of CloudEvents"),
  ce_id: uuid("the envelope's id"),
  ce_type: text("the event type"),
  ce_source: text("who made it"),
  ce_time: time("the envelope's"),
  ce_subject: text("the entity's id"),
  traceparent: TRACEPARENT,
});

export const DEAD_LETTER_HEADERS = object({
  dlq_topic: text("position of the original record"),
  dlq_partition: text("position of the original record"),
  dlq_offset: text("position of the original record"),
  dlq_error_code: text("why it could not be processed: a code of docs/reference/errors.md"),
  dlq_error: text("why, in words"),
  dlq_at: time("when, by the broker's clock"),
  dlq_truncated: text("only of a value that was cut"),
  dlq_length: text("how many bytes it had"),
  dlq_sha256: text("of all of them"),
});
