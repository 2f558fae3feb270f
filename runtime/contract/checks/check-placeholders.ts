import { didYouMean } from "../diagnostics/did-you-mean.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { DomainModel } from "../model/domain-model.ts";
import { diagnosticAt, type SourceRef, sourceRef, childRef } from "../reading/source-ref.ts";

const TOPIC_PLACEHOLDERS = ["env", "namespace"];

/** RC107: a placeholder that nothing fills. */
export function checkPlaceholders({ set, code, emissions }: DomainModel): readonly Diagnostic[] {
  const { orchestrator, reducer } = set;
  const { consumed_events, published_events, dead_letter_topic } = orchestrator.contract;
  const topics: readonly (readonly [string, SourceRef])[] = [
    ...consumed_events.map(({ topic }, i) => [topic, sourceRef(orchestrator, "consumed_events", i, "topic")] as const),
    ...published_events.map(
      ({ topic }, i) => [topic, sourceRef(orchestrator, "published_events", i, "topic")] as const,
    ),
    [dead_letter_topic, sourceRef(orchestrator, "dead_letter_topic")],
  ];
  const patterns = reducer.contract.intent_emission?.intents ?? [];
  return [
    ...topics.flatMap(([topic, at]) => unfilled(topic, at, TOPIC_PLACEHOLDERS, "a topic knows {env} and {namespace}")),
    ...emissions.flatMap(({ intent, at }, index) => {
      const shape = code.intents.find(({ intentType }) => intentType === intent.name)?.shape;
      if (intent.unknown || !shape) return [];
      const fields = Object.keys(shape);
      const known = `the payload of ${intent.name} has ${fields.join(", ")}`;
      return unfilled(patterns[index]?.target_pattern ?? "", childRef(at, "target_pattern"), fields, known);
    }),
  ];
}

function unfilled(text: string, at: SourceRef, known: readonly string[], rule: string): readonly Diagnostic[] {
  return [...text.matchAll(/\{([^{}]*)\}|[{}]/g)].flatMap((match) => {
    const [whole, name] = match;
    const within = { offset: match.index, length: whole.length };
    if (name === undefined)
      return [diagnosticAt("RC107", { ...at, range: within }, `unmatched brace: a placeholder is {name}`)];
    if (known.includes(name)) return [];
    return [
      diagnosticAt("RC107", { ...at, range: within }, `nothing fills ${whole}: ${rule}`, {
        suggestion: didYouMean(name, known),
      }),
    ];
  });
}
