import type { Domain } from "../../core/domain.ts";
import { eventTypeOf } from "../../core/envelope.ts";
import type { MessageDefinition } from "../../core/message.ts";
import { DEAD_LETTER_HEADERS, ENVELOPE, EVENT_HEADERS, INCOMING_HEADERS } from "./envelope-schemas.ts";
import { eventPayloadSchema, payloadSchema } from "./payload-schema.ts";
import { type TopicMessage, topicMessages } from "./topic-messages.ts";

type JsonObject = Readonly<Record<string, unknown>>;

const ref = (path: string): JsonObject => ({ $ref: `#/${path}` });
const schemaRef = (name: string): JsonObject => ref(`components/schemas/${name}`);

/**
 * A domain's topics, messages and payloads as an AsyncAPI 3.0 document, from the application's side: it receives what
 * the contracts consume, and sends what they publish and the dead letters. `messages` are those of the domain's code.
 * @throws Error on a published type that is none of them
 */
export function asyncApiOf(domain: Domain, messages: readonly MessageDefinition[], version: string): JsonObject {
  const all = topicMessages(domain, messages);
  const byType = (of: (message: TopicMessage) => JsonObject): JsonObject =>
    Object.fromEntries(all.map((message) => [message.type, of(message)]));
  const operations = all.map(({ type, direction }) => {
    const action = direction === "received" ? "receive" : "send";
    return [`${action}${type}`, operation(action, type)] as const;
  });
  const content = domain.contractHash.slice(0, 12);
  return {
    asyncapi: "3.0.0",
    info: {
      title: `Rollcall: ${domain.name}`,
      version,
      description: `Made from the contracts (${content}). The record's key is the entity's id; a value is UTF-8 JSON.`,
    },
    defaultContentType: "application/json",
    channels: {
      ...byType(({ topic, type }) => channel(topic, type)),
      DeadLetter: channel(domain.deadLetterTopic, "DeadLetter"),
    },
    operations: { ...Object.fromEntries(operations), sendDeadLetter: operation("send", "DeadLetter") },
    components: {
      messages: {
        ...byType((each) => (each.direction === "received" ? receivedMessage(each) : sentMessage(domain, each))),
        DeadLetter: DEAD_LETTER_MESSAGE,
      },
      schemas: {
        ...byType(({ direction, message }) => {
          const own = payloadSchema(message, "draft-7");
          return direction === "received" ? own : { allOf: [schemaRef("EventPayload"), own] };
        }),
        EventPayload: eventPayloadSchema(domain, "draft-7"),
        Envelope: ENVELOPE,
        IncomingHeaders: INCOMING_HEADERS,
        EventHeaders: EVENT_HEADERS,
        DeadLetterHeaders: DEAD_LETTER_HEADERS,
      },
    },
  };
}

const channel = (address: string, type: string): JsonObject => ({
  address,
  messages: { [type]: ref(`components/messages/${type}`) },
});

const operation = (action: "receive" | "send", type: string): JsonObject => ({
  action,
  channel: ref(`channels/${type}`),
  messages: [ref(`channels/${type}/messages/${type}`)],
});

const receivedMessage = ({ type, message: { description } }: TopicMessage): JsonObject => ({
  ...{ name: type, title: type, description },
  summary: "The bare payload, an envelope around it, or a CloudEvent whose data it is.",
  headers: schemaRef("IncomingHeaders"),
  payload: schemaRef(type),
});

const sentMessage = ({ name }: Domain, { type, message: { description } }: TopicMessage): JsonObject => {
  const properties = {
    event_type: { const: eventTypeOf(name, type) },
    payload_type: { const: type },
    payload: schemaRef(type),
  };
  return {
    ...{ name: type, title: type, description },
    headers: schemaRef("EventHeaders"),
    payload: { allOf: [schemaRef("Envelope"), { type: "object", properties }] },
  };
};

const DEAD_LETTER_MESSAGE: JsonObject = {
  name: "DeadLetter",
  title: "A message that could not be processed, unchanged",
  headers: schemaRef("DeadLetterHeaders"),
  payload: {},
};
