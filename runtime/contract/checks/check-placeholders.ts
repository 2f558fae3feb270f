import { didYouMean } from "../diagnostics/did-you-mean.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { TOPIC_PLACEHOLDERS } from "../language/topic-pattern.ts";
import type { DomainModel, TextRef } from "../model/domain-model.ts";
import { diagnosticAt } from "../reading/source-ref.ts";

/** RC107: a placeholder that nothing fills. */
export function* checkPlaceholders(model: DomainModel): Iterable<Diagnostic> {
  const { consumed, published, deadLetterTopic, emissions, intents } = model;
  for (const topic of [...[...consumed, ...published].map((event) => event.topic), deadLetterTopic])
    yield* unfilled(topic, TOPIC_PLACEHOLDERS, "a topic knows {env} and {namespace}");
  for (const { intent, target } of emissions) {
    const shape = intents.get(intent.name)?.shape;
    if (intent.unknown || !shape) continue;
    const fields = Object.keys(shape);
    yield* unfilled(target, fields, `the payload of ${intent.name} has ${fields.join(", ")}`);
  }
}

function* unfilled({ text, at }: TextRef, known: readonly string[], rule: string): Iterable<Diagnostic> {
  for (const match of text.matchAll(/\{([^{}]*)\}|[{}]/g)) {
    const [whole, name] = match;
    const place = { ...at, range: { offset: match.index, length: whole.length } };
    if (name === undefined) yield diagnosticAt("RC107", place, `unmatched brace: a placeholder is {name}`);
    else if (!known.includes(name)) {
      const suggestion = didYouMean(name, known);
      yield diagnosticAt("RC107", place, `nothing fills ${whole}: ${rule}`, { suggestion });
    }
  }
}
