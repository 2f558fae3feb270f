import type { Domain } from "../../core/domain.ts";
import type { MessageDefinition } from "../../core/message.ts";

/**
 * A message of a domain's topics, seen from the application: it receives what it consumes and sends what it publishes.
 */
export interface TopicMessage {
  readonly direction: "received" | "sent";
  readonly type: string;
  readonly topic: string;
  readonly message: MessageDefinition;
}

/**
 * What goes over a domain's topics, in the order of its contracts, dead letters apart.
 * @throws Error on a published type that the code has no message for: whatever is made of this would leave it out
 */
export function topicMessages(domain: Domain, messages: readonly MessageDefinition[]): readonly TopicMessage[] {
  const definitions = new Map(messages.map((message) => [message.messageType, message]));
  return [
    ...domain.consumed.map(({ type, topic, message }) => ({ direction: "received" as const, type, topic, message })),
    ...[...domain.topicByEventType].map(([type, topic]) => {
      const message = definitions.get(type);
      if (!message) throw new Error(`${type} is published on ${topic}, but no message of the code is called so`);
      return { direction: "sent" as const, type, topic, message };
    }),
  ];
}
