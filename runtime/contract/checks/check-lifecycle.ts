import { type Diagnostic, joinWithAnd } from "../diagnostics/diagnostic.ts";
import { formatEventPattern } from "../language/event-pattern.ts";
import type { DomainModel } from "../model/domain-model.ts";
import { diagnosticAt } from "../reading/contract-source.ts";
import { groupBy } from "./check-transitions.ts";

/** RC208: what the lifecycle rules out. */
export function* checkLifecycle(model: DomainModel): Iterable<Diagnostic> {
  if (model.lifecycle === "once") yield* furtherAttempts(model);
  if (model.lifecycle === "document") yield* unclearFailures(model);
}

/** Under `once` there is one attempt, and nothing leads out of its end. */
function* furtherAttempts({ orchestrator, startedBy }: DomainModel): Iterable<Diagnostic> {
  const isEnd = (state: string): boolean => orchestrator.states.get(state)?.terminal === true;
  for (const group of groupBy(orchestrator.transitions, ({ index }) => String(index))) {
    const later = group.filter(({ from }) => from.name !== orchestrator.initial && !from.unknown);
    const ended = later.filter(({ from }) => isEnd(from.name));
    const opening = later.filter(({ from, trigger }) => !isEnd(from.name) && trigger.name === startedBy.name);
    const namesOf = (transitions: typeof group): string => joinWithAnd(transitions.map(({ from }) => from.name));
    if (ended[0])
      yield diagnosticAt("RC208", ended[0].from.at, `under lifecycle: once nothing leads on from ${namesOf(ended)}`);
    if (opening[0]) {
      const message = `under lifecycle: once ${startedBy.name} opens no second attempt in ${namesOf(opening)}`;
      yield diagnosticAt("RC208", opening[0].from.at, message);
    }
  }
}

/**
 * In a document an outcome counts until a younger intent of its target was asked for, so for each intent that may fail
 * it must be known when it is under way no more: its success is told too.
 */
function* unclearFailures({ effects }: DomainModel): Iterable<Diagnostic> {
  for (const { intent, outputs, mayFail } of effects) {
    if (!mayFail || outputs.length > 0 || intent.unknown) continue;
    const failure = formatEventPattern({ kind: "failed", subject: intent.name });
    const message = `${intent.name} may fail and tells no success: in a document ${failure} could be of an older one`;
    const remedy = "give it output_events, or max_retries: unlimited";
    yield diagnosticAt("RC208", intent.at, message, { remedy });
  }
}
