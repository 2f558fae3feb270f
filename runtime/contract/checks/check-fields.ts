import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { didYouMean } from "../diagnostics/did-you-mean.ts";
import { type ExpressionScope, typeMismatches } from "../expressions/expression-types.ts";
import { typesAt } from "../expressions/field-types.ts";
import { invariantScope, rowScope, triggerScope } from "../expressions/expression-scopes.ts";
import type { DomainModel, ExpressionRef, TextRef } from "../model/domain-model.ts";
import { diagnosticAt } from "../reading/contract-source.ts";
import { TOPIC_PLACEHOLDERS } from "../language/topic-pattern.ts";

/** RC108: every path leads to a field, and every test can be true of one value and false of another. */
export function* checkExpressions(model: DomainModel): Iterable<Diagnostic> {
  yield* checkEntityId(model);
  for (const each of expressionsOf(model)) yield* checkExpression(each);
}

interface ScopedExpression extends ExpressionRef {
  /** Undefined: nothing is known of what it may meet. */
  readonly scope: ExpressionScope | undefined;
}

/** Every expression of the contracts, and what its paths are looked up in. */
export function* expressionsOf(model: DomainModel): Iterable<ScopedExpression> {
  for (const { event, rows } of model.handlers)
    for (const { when } of rows) if (when) yield { ...when, scope: rowScope(model, event) };
  // A list under `from_state` has its conditions once.
  const transitions = new Map(model.reducer.transitions.map((transition) => [transition.index, transition]));
  for (const { conditions, trigger } of transitions.values())
    for (const each of conditions) yield { ...each, scope: triggerScope(model, trigger.name) };
  for (const { never } of model.invariants) if (never) yield { ...never, scope: invariantScope(model) };
}

function* checkExpression({ at, parsed, scope }: ScopedExpression): Iterable<Diagnostic> {
  const mismatches = () => {
    if ("problem" in parsed) return [parsed.problem];
    return scope ? parsed.expression.any.flat().flatMap((test) => typeMismatches(scope, test)) : [];
  };
  for (const { offset, length, message, ...more } of mismatches())
    yield diagnosticAt("RC108", { ...at, range: { offset, length } }, message, more);
}

/** Every message from the bus has the entity's id in the field that the contract names. */
function* checkEntityId({ entityIdField: { text: field, at }, consumed, messages }: DomainModel): Iterable<Diagnostic> {
  const without = consumed.filter(({ name, unknown }) => {
    const shape = messages.get(name)?.shape;
    if (unknown || !shape) return false;
    const found = typesAt(shape, [field]);
    return "missing" in found || !found.types.some(({ kind }) => kind === "string" || kind === "any");
  });
  if (without.length === 0) return;
  const fields = without.flatMap(({ name }) => Object.keys(messages.get(name)?.shape ?? {}));
  yield diagnosticAt("RC108", at, `not every consumed event has a text field ${field}`, {
    suggestion: didYouMean(field, fields),
    related: without.map((event) => ({ at: event.at, message: `${event.name} has no text field ${field}` })),
  });
}

/** RC107: a placeholder that nothing fills. */
export function* checkPlaceholders(model: DomainModel): Iterable<Diagnostic> {
  const { consumed, published, deadLetterTopic, emissions, effects, intents } = model;
  for (const topic of [...[...consumed, ...published].map((event) => event.topic), deadLetterTopic])
    if (topic) yield* unfilled(topic, TOPIC_PLACEHOLDERS, "a topic knows {env} and {namespace}");
  const filled = [
    ...emissions.map(({ intent, target }) => ({ intent, pattern: target })),
    ...effects.map(({ intent, backend }) => ({ intent, pattern: backend })),
  ];
  for (const { intent, pattern } of filled) {
    const shape = intents.get(intent.name)?.shape;
    if (intent.unknown || !shape) continue;
    const fields = Object.keys(shape);
    yield* unfilled(pattern, fields, `the payload of ${intent.name} has ${fields.join(", ")}`);
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
