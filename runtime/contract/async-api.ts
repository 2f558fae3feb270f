import { z } from "zod";
import type { Domain } from "../core/domain.ts";
import { eventTypeOf } from "../core/envelope.ts";
import type { MessageDefinition } from "../core/message.ts";

type JsonObject = Readonly<Record<string, unknown>>;

const ref = (path: string): JsonObject => ({ $ref: `#/${path}` });
const text = { type: "string" };
const uuid = { type: "string", format: "uuid" };
const time = { type: "string", format: "date-time" };
const uuidOrNull = { type: ["string", "null"], format: "uuid" };

/**
 * A domain's topics, messages and payloads as an AsyncAPI 3.0 document, from the application's side: it receives what the
 * contracts consume, and sends what they publish and the dead letters. `messages` are those of the domain's code.
 */
export function asyncApiOf(domain: Domain, messages: readonly MessageDefinition[], version: string): JsonObject {
  const definitions = new Map(messages.map((message) => [message.messageType, message]));
  const received = domain.consumed.map(({ type, topic, message }) => ({ type, topic, message }));
  const sent = [...domain.topicOf].flatMap(([type, topic]) => {
    const message = definitions.get(type);
    return message ? [{ type, topic, message }] : [];
  });
  const named = <Value>(list: readonly { readonly type: string }[], of: (type: string) => Value) =>
    Object.fromEntries(list.map(({ type }) => [type, of(type)]));
  const all = [...received, ...sent];
  const operation = (action: "receive" | "send", type: string): JsonObject => ({
    action,
    channel: ref(`channels/${type}`),
    messages: [ref(`channels/${type}/messages/${type}`)],
  });
  return {
    asyncapi: "3.0.0",
    info: {
      title: `Rollcall: ${domain.name}`,
      version,
      description: `Made from the contracts (${domain.hash.slice(0, 12)}). The record's key is the entity's id; a value is UTF-8 JSON.`,
    },
    defaultContentType: "application/json",
    channels: {
      ...Object.fromEntries(
        all.map(({ type, topic }) => [
          type,
          { address: topic, messages: { [type]: ref(`components/messages/${type}`) } },
        ]),
      ),
      DeadLetter: { address: domain.deadLetterTopic, messages: { DeadLetter: ref("components/messages/DeadLetter") } },
    },
    operations: {
      ...Object.fromEntries(received.map(({ type }) => [`receive${type}`, operation("receive", type)])),
      ...Object.fromEntries(sent.map(({ type }) => [`send${type}`, operation("send", type)])),
      sendDeadLetter: operation("send", "DeadLetter"),
    },
    components: {
      messages: {
        ...named(received, (type) => ({
          name: type,
          title: type,
          summary: "The bare payload, an envelope around it, or a CloudEvent whose data it is.",
          headers: ref("components/schemas/IncomingHeaders"),
          payload: ref(`components/schemas/${type}`),
        })),
        ...named(sent, (type) => ({
          name: type,
          title: type,
          headers: ref("components/schemas/EventHeaders"),
          payload: {
            allOf: [
              ref("components/schemas/Envelope"),
              { type: "object", properties: { event_type: { const: eventTypeOf(domain.name, type) }, payload_type: { const: type }, payload: ref(`components/schemas/${type}`) } },
            ],
          },
        })),
        DeadLetter: { name: "DeadLetter", title: "A message that could not be taken, as it was", headers: ref("components/schemas/DeadLetterHeaders"), payload: {} },
      },
      schemas: {
        ...Object.fromEntries(received.map(({ type, message }) => [type, payloadSchema(message)])),
        ...Object.fromEntries(sent.map(({ type, message }) => [type, { allOf: [ref("components/schemas/EventPayload"), payloadSchema(message)] }])),
        EventPayload: eventPayload(domain),
        ...SHARED,
      },
    },
  };
} // prettier-ignore

function payloadSchema(message: MessageDefinition): JsonObject {
  const { $schema: _, ...schema } = z.toJSONSchema(message.schema, { target: "draft-7", io: "input", unrepresentable: "any" }) as JsonObject; // prettier-ignore
  return schema;
}

/** What every event carries (`runtime/core/step-run.ts`). */
const eventPayload = ({ entityIdField, attempt: { idField } }: Domain): JsonObject => ({
  type: "object",
  required: ["entity_id", entityIdField, "correlation_id", "causation_id", idField, "attempt", "entity_seq", "emitted_at"],
  properties: {
    entity_id: text,
    [entityIdField]: text,
    correlation_id: uuid,
    causation_id: { ...uuid, description: "the message whose step made it" },
    [idField]: uuid,
    attempt: { type: "integer", minimum: 1 },
    entity_seq: { type: "integer", minimum: 1, description: "rises by one with each event of the entity" },
    emitted_at: time,
  },
}); // prettier-ignore

const headers = (properties: JsonObject): JsonObject => ({ type: "object", properties });

const SHARED: JsonObject = {
  Envelope: {
    type: "object",
    required: ["envelope_id", "envelope_timestamp", "correlation_id", "parent_envelope_id", "event_type", "payload_type", "payload_schema_version", "source_tool", "payload"],
    properties: {
      envelope_id: { ...uuid, description: "identity of the message: drop what repeats it" },
      envelope_timestamp: { ...time, description: "when the event happened" },
      correlation_id: { ...uuid, description: "the request, through every event of an attempt" },
      parent_envelope_id: { ...uuidOrNull, description: "the message that caused this one" },
      event_type: text,
      payload_type: text,
      payload_schema_version: { type: "object", properties: { major: { type: "integer" }, minor: { type: "integer" }, patch: { type: "integer" } } },
      source_tool: text,
      payload: { type: "object" },
    },
  },
  IncomingHeaders: headers({ message_id: text, correlation_id: text, traceparent: text }),
  EventHeaders: headers({
    "content-type": { const: "application/json" }, correlation_id: uuid, message_id: uuid, event_type: text, timestamp: time, source: text,
    ce_specversion: { const: "1.0" }, ce_id: uuid, ce_type: text, ce_source: text, ce_time: time, ce_subject: text, traceparent: text,
  }),
  DeadLetterHeaders: headers({
    dlq_topic: text, dlq_partition: text, dlq_offset: text, dlq_error_code: text, dlq_error: text, dlq_at: time,
    dlq_truncated: text, dlq_length: text, dlq_sha256: text,
  }),
}; // prettier-ignore
