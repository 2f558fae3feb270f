import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { DomainModel, TextRef } from "../model/domain-model.ts";
import { statesWithDeadline } from "../model/events.ts";
import { diagnosticAt, type SourceRef } from "../reading/source-ref.ts";

/** RC109: what may be declared once and is declared again; the second place is the problem, the first is related. */
export function* checkDuplicates(model: DomainModel): Iterable<Diagnostic> {
  const { handlers, orchestrator, reducer, emissions, effects, consumed, published, triggers } = model;
  yield* duplicates("contract", model.contractNames.map(named));
  for (const { declaredStates } of [orchestrator, reducer]) yield* duplicates("state", declaredStates);
  const lists: readonly (readonly [what: string, declared: readonly Declaration[]])[] = [
    ["deadline", statesWithDeadline(model).map(({ deadline }) => deadline)],
    ["handler for", handlers.map(({ event }) => event)],
    ["consumed event", consumed],
    ["consumed topic", consumed.map(({ topic }) => named(topic))],
    ["published event", published],
    ["trigger for", triggers.map(({ event }) => event)],
    ["action", emissions.map(({ action }) => action)],
    ["effect for", effects.map(({ intent }) => intent)],
  ];
  for (const [what, declared] of lists) yield* duplicates(what, declared);
}

interface Declaration {
  readonly name: string;
  readonly at: SourceRef;
}

const named = ({ text, at }: TextRef): Declaration => ({ name: text, at });

function* duplicates(what: string, declared: readonly Declaration[]): Iterable<Diagnostic> {
  const first = new Map<string, SourceRef>();
  for (const { name, at } of declared) {
    const earlier = first.get(name);
    if (!earlier) first.set(name, at);
    else {
      const related = [{ at: earlier, message: `${name} is declared here first` }];
      yield diagnosticAt("RC109", at, `${what} ${name} is declared twice`, { related });
    }
  }
}
