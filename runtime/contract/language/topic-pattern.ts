/** What fills a topic's placeholders. */
export interface TopicVariables {
  readonly env: string;
  readonly namespace: string;
}

/** Fills `{env}` and `{namespace}`; an empty segment leaves no dot. An unknown placeholder stays: RC107 is about it. */
export function fillTopic(pattern: string, variables: TopicVariables): string {
  return pattern
    .replace(/\{(env|namespace)\}/g, (_, name: keyof TopicVariables) => variables[name])
    .split(".")
    .filter((segment) => segment !== "")
    .join(".");
}
