import type { Domain } from "../../core/domain.ts";
import { eventTypeOf } from "../../core/envelope.ts";
import type { MessageDefinition } from "../../core/message.ts";
import { DEAD_LETTER_HEADERS, ENVELOPE, EVENT_HEADERS, INCOMING_HEADERS } from "./envelope-schemas.ts";
import { eventPayloadSchema, payloadSchema } from "./payload-schema.ts";
import { topicMessages } from "./topic-messages.ts";

type JsonObject = Readonly<Record<string, unknown>>;

const ref = (path: string): JsonObject => ({ $ref: `#/${path}` });

/**
 * A domain's topics, messages and payloads as an AsyncAPI 3.0 document, from the application's side: it receives what
 * the contracts consume, and sends what they publish and the dead letters. `messages` are those of the domain's code.
 * @throws Error on a published type that is none of them
 */
export function asyncApiOf(domain: Domain, messages: readonly MessageDefinition[], version: string): JsonObject {
  const all = topicMessages(domain, messages);
  const received = all.filter(({ direction }) => direction === "received");
  const sent = all.filter(({ direction }) => direction === "sent");
  const named = <Value>(list: typeof all, of: (type: string, message: MessageDefinition) => Value) =>
    Object.fromEntries(list.map(({ type, message }) => [type, of(type, message)]));
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
      description:
        `Made from the contracts (${domain.contractHash.slice(0, 12)}). The record's key is the entity's ` +
        "id; a value is UTF-8 JSON.",
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
        ...named(received, (type, { description }) => ({
          name: type,
          title: type,
          description,
          summary: "The bare payload, an envelope around it, or a CloudEvent whose data it is.",
          headers: ref("components/schemas/IncomingHeaders"),
          payload: ref(`components/schemas/${type}`),
        })),
        ...named(sent, (type, { description }) => ({
          name: type,
          title: type,
          description,
          headers: ref("components/schemas/EventHeaders"),
          payload: {
            allOf: [
              ref("components/schemas/Envelope"),
              {
                type: "object",
                properties: {
                  event_type: { const: eventTypeOf(domain.name, type) },
                  payload_type: { const: type },
                  payload: ref(`components/schemas/${type}`),
                },
              },
            ],
          },
        })),
        DeadLetter: {
          name: "DeadLetter",
          title: "A message that could not be processed, unchanged",
          headers: ref("components/schemas/DeadLetterHeaders"),
          payload: {},
        },
      },
      schemas: {
        ...Object.fromEntries(received.map(({ type, message }) => [type, payloadSchema(message, "draft-7")])),
        ...Object.fromEntries(
          sent.map(({ type, message }) => [
            type,
            { allOf: [ref("components/schemas/EventPayload"), payloadSchema(message, "draft-7")] },
          ]),
        ),
        EventPayload: eventPayloadSchema(domain, "draft-7"),
        Envelope: ENVELOPE,
        IncomingHeaders: INCOMING_HEADERS,
        EventHeaders: EVENT_HEADERS,
        DeadLetterHeaders: DEAD_LETTER_HEADERS,
      },
    },
  };
}
