export const TOPIC_PLACEHOLDERS = ["env", "namespace"] as const;

/** What fills a topic's placeholders. */
export type TopicVariables = Readonly<Record<(typeof TOPIC_PLACEHOLDERS)[number], string>>;

/** Fills `{env}` and `{namespace}`; an empty segment leaves no dot. An unknown placeholder stays: RC107 reports it. */
export function fillTopic(pattern: string, variables: TopicVariables): string {
  return pattern
    .replace(/\{(env|namespace)\}/g, (_, name: keyof TopicVariables) => variables[name])
    .split(".")
    .filter((segment) => segment !== "")
    .join(".");
}

const TOPIC_NAMES = { command: "cmd", beat: "beat", event: "evt", deadLetter: "dlq" } as const;

/** A topic of a contract that names none. `_` is `-`: to Kafka's metrics `a_b` and `a.b` are the same topic. */
export const defaultTopic = (domain: string, use: keyof typeof TOPIC_NAMES): string =>
  `{env}.{namespace}.${domain.replaceAll("_", "-")}.${TOPIC_NAMES[use]}.v1`;
