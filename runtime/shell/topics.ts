import type { Domain } from "../core/domain.ts";

/** The topics that a domain consumes (`input`) and publishes to (`output`). */
export const topicsOf = ({ consumed, topicByEventType, deadLetterTopic }: Domain) => ({
  input: [...new Set(consumed.map(({ topic }) => topic))],
  output: [...new Set([...[...topicByEventType.values()].filter((topic) => topic !== null), deadLetterTopic])],
});
