import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { Shape } from "../expressions/field-types.ts";
import type { DomainModel, NameRef } from "../model/domain-model.ts";
import { firstByKey } from "../model/first-by-key.ts";
import { diagnosticAt, sourceRef } from "../reading/contract-source.ts";
import { expressionsOf } from "./check-fields.ts";

/** What the runtime adds to each event, beside ids that are called as the contract says. */
const IN_EVENTS = ["entity_id", "attempt", "entity_seq", "published_seq", "causation_id", "emitted_at"];
const IN_INTENTS = ["intent_type", "correlation_id", "version"];
const IN_MESSAGES = ["door"];
const IN_EXPRESSIONS: Readonly<Record<string, string>> = {
  caller: "who sent the message",
  loaded: "what was read for the message",
  state: "the reducer's data",
};
const RENAME = "give the field another name";

/** RC112: a field that is called like something of the runtime's in the same place: one of the two would be lost. */
export function* checkReservedNames(model: DomainModel): Iterable<Diagnostic> {
  const { published, consumed, emissions, attemptIdField, messages, intents } = model;
  for (const event of published)
    yield* reservedFields(event, messages.get(event.name)?.shape, IN_EVENTS, "which each event gets from the runtime");
  for (const event of consumed)
    yield* reservedFields(event, messages.get(event.name)?.shape, IN_MESSAGES, "which a gateway adds to a message");
  const inIntents = [...IN_INTENTS, attemptIdField];
  for (const intent of firstByKey(emissions.map((each) => [each.intent.name, each.intent])).values())
    yield* reservedFields(
      intent,
      intents.get(intent.name)?.shape,
      inIntents,
      "which each intent gets from the runtime",
    );
  yield* reservedIds(model);
  yield* reservedPaths(model);
}

function* reservedFields(
  { name, at, unknown }: NameRef,
  shape: Shape | undefined,
  reserved: readonly string[],
  why: string,
): Iterable<Diagnostic> {
  if (unknown || !shape) return;
  for (const field of reserved)
    if (Object.hasOwn(shape, field))
      yield diagnosticAt("RC112", at, `${name} declares ${field}, ${why}`, { remedy: RENAME });
}

/** The two ids that are called as the contract says. */
function* reservedIds({ set: { orchestrator }, entityIdField, attemptIdField }: DomainModel): Iterable<Diagnostic> {
  const reserved = [...IN_EVENTS, ...IN_MESSAGES, "correlation_id"];
  const message = (field: string) => `${field} has a meaning of its own in events, intents or messages`;
  // The entity's id is what is meant by it.
  if (entityIdField.text !== "entity_id" && reserved.includes(entityIdField.text))
    yield diagnosticAt("RC112", entityIdField.at, message(entityIdField.text), { remedy: RENAME });
  if ([...reserved, ...IN_INTENTS].includes(attemptIdField))
    yield diagnosticAt("RC112", sourceRef(orchestrator, "attempt", "id"), message(attemptIdField), { remedy: RENAME });
}

/** In an expression the word is the runtime's, so a field of the payload that is called so can't be reached. */
function* reservedPaths(model: DomainModel): Iterable<Diagnostic> {
  for (const { at, parsed, scope } of expressionsOf(model)) {
    const tests = "expression" in parsed ? parsed.expression.any.flat() : [];
    for (const { path } of tests) {
      const [name = ""] = path.text.split(".");
      const meaning = Object.hasOwn(IN_EXPRESSIONS, name) ? IN_EXPRESSIONS[name] : undefined;
      if (meaning === undefined || !scope?.payloads.some((shape) => Object.hasOwn(shape, name))) continue;
      const place = { ...at, range: { offset: path.offset, length: name.length } };
      const message = `the payload has a field ${name}, and in expressions ${name} is ${meaning}`;
      yield diagnosticAt("RC112", place, message, { remedy: RENAME });
    }
  }
}
