import type { Domain } from "../core/domain.ts";

/** What a domain reads, and what it writes. */
export const topicsOf = ({ consumed, topicByEventType, deadLetterTopic }: Domain) => ({
  input: consumed.map(({ topic }) => topic),
  output: [...new Set([...topicByEventType.values(), deadLetterTopic])],
});
