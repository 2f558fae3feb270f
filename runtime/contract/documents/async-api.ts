import type { Domain } from "../../core/domain.ts";
import { eventTypeOf } from "../../core/envelope.ts";
import type { MessageDefinition } from "../../core/message.ts";
import { DEAD_LETTER_HEADERS, ENVELOPE, EVENT_HEADERS, INCOMING_HEADERS } from "./envelope-schemas.ts";
import { eventPayloadSchema, type JsonSchema, payloadSchema } from "./payload-schema.ts";
import { type TopicMessage, topicMessages } from "./topic-messages.ts";

const ref = (path: string): JsonSchema => ({ $ref: `#/${path}` });
const schemaRef = (name: string): JsonSchema => ref(`components/schemas/${name}`);

/**
 * A domain's topics, messages and payloads as an AsyncAPI 3.0 document, from the application's side: it receives what
 * the contracts consume, and sends what they publish and the dead letters. `messages` are those of the domain's code.
 * @throws Error on a published type that is none of them
 */
export function asyncApiOf(domain: Domain, messages: readonly MessageDefinition[], version: string): JsonSchema {
  const ofContracts = topicMessages(domain, messages);
  const all = [...ofContracts, { direction: "sent", type: "DeadLetter", topic: domain.deadLetterTopic } as const];
  const content = domain.contractHash.slice(0, 12);
  return {
    asyncapi: "3.0.0",
    info: {
      title: `Rollcall: ${domain.name}`,
      version,
      description: `Made from the contracts (${content}). The record's key is the entity's id; a value is UTF-8 JSON.`,
    },
    defaultContentType: "application/json",
    channels: byName(all, ({ type, topic: address }) => [
      type,
      { address, messages: { [type]: ref(`components/messages/${type}`) } },
    ]),
    operations: byName(all, ({ type, direction }) => {
      const action = direction === "received" ? "receive" : "send";
      const channel = `channels/${type}`;
      return [`${action}${type}`, { action, channel: ref(channel), messages: [ref(`${channel}/messages/${type}`)] }];
    }),
    components: {
      messages: {
        ...byName(ofContracts, (each) => [each.type, messageObject(domain, each)]),
        DeadLetter: {
          name: "DeadLetter",
          title: "A message that could not be processed, unchanged",
          headers: schemaRef("DeadLetterHeaders"),
          payload: {},
        },
      },
      schemas: {
        ...byName(ofContracts, ({ direction, type, message }) => {
          const own = payloadSchema(message, "draft-7");
          return [type, direction === "received" ? own : { allOf: [schemaRef("EventPayload"), own] }];
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

const byName = <Item>(items: readonly Item[], entry: (item: Item) => readonly [string, JsonSchema]) =>
  Object.fromEntries(items.map(entry));

function messageObject({ name, consumed }: Domain, { direction, type, topic, message }: TopicMessage): JsonSchema {
  const { description } = message;
  const isAlone = consumed.filter((each) => each.topic === topic).length <= 1;
  const common = { name: type, title: type, description };
  if (direction === "received")
    return {
      ...common,
      summary: isAlone
        ? "The bare payload, an envelope around it, or a CloudEvent whose data it is."
        : "An envelope, a CloudEvent whose data is the payload, or the bare payload with the header event_type.",
      headers: schemaRef("IncomingHeaders"),
      payload: schemaRef(type),
    };
  const properties = {
    event_type: { const: eventTypeOf(name, type) },
    payload_type: { const: type },
    payload: schemaRef(type),
  };
  return {
    ...common,
    headers: schemaRef("EventHeaders"),
    payload: { allOf: [schemaRef("Envelope"), { type: "object", properties }] },
  };
}
