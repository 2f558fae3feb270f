import type { Domain } from "../core/domain.ts";

/** What a domain reads, and what it writes. */
export const topicsOf = ({ consumed, topicOf, deadLetterTopic }: Domain) => ({
  input: consumed.map(({ topic }) => topic),
  output: [...new Set([...topicOf.values(), deadLetterTopic])],
});
