import type { Domain } from "../../core/domain.ts";
import type { MessageDefinition } from "../../core/message.ts";

/** A message of a domain's topics. */
export type TopicMessage = ReturnType<typeof topicMessages>[number];

/**
 * What goes over a domain's topics, in the order of its contracts, dead letters apart; seen from the application: it
 * receives what it consumes and sends what it publishes.
 * @throws Error on a published type that the code has no message for: whatever is made of this would leave it out
 */
export function topicMessages(domain: Domain, messages: readonly MessageDefinition[]) {
  const definitions = new Map(messages.map((message) => [message.messageType, message]));
  return [
    ...domain.consumed.map(({ type, topic, message }) => ({ direction: "received" as const, type, topic, message })),
    ...[...domain.topicByEventType].flatMap(([type, topic]) => {
      if (topic === null) return [];
      const message = definitions.get(type);
      if (!message) throw new Error(`${type} is published on ${topic}, but no message of the code is called so`);
      return { direction: "sent" as const, type, topic, message };
    }),
  ];
}
