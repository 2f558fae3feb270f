import { didYouMean } from "../diagnostics/did-you-mean.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { formatEventPattern } from "../language/event-pattern.ts";
import type { DomainModel, EventRef } from "../model/domain-model.ts";
import { machineTriggers, messageOrigin, returnedEvents } from "../model/events.ts";
import { reducerActionNames } from "../model/transitions.ts";
import { diagnosticAt } from "../reading/source-ref.ts";

/** RC203: every intent that is asked for has an effect and the other way round, and some trigger takes each outcome. */
export function* checkIntentFlow(model: DomainModel): Iterable<Diagnostic> {
  const { emissions, effects } = model;
  const actions = new Set(reducerActionNames(model));
  const executable = effects.map(({ intent }) => intent.name);
  const emitted = emissions.map(({ intent }) => intent.name);
  for (const { action, intent } of emissions) {
    if (!action.unknown && !actions.has(action.name)) {
      const message = `no transition and no state uses ${action.name}, so it never emits ${intent.name}`;
      yield diagnosticAt("RC203", action.at, message);
    }
    if (!intent.unknown && !executable.includes(intent.name)) {
      const suggestion = didYouMean(intent.name, executable);
      yield diagnosticAt("RC203", intent.at, `no effect takes ${intent.name}`, { suggestion });
    }
  }
  for (const { intent } of effects)
    if (!intent.unknown && !emitted.includes(intent.name)) {
      const suggestion = didYouMean(intent.name, emitted);
      yield diagnosticAt("RC203", intent.at, `nothing emits ${intent.name}`, { suggestion });
    }
  yield* untakenOutcomes(model);
}

function* untakenOutcomes(model: DomainModel): Iterable<Diagnostic> {
  const { triggers, handlers, effects } = model;
  const uses = [...machineTriggers(model), ...[...triggers, ...handlers].map(({ event }) => event)];
  const taken = new Set(uses.map(({ name }) => name));
  for (const { intent, mayFail, outputs } of effects) {
    for (const { name, at, unknown } of outputs)
      if (!unknown && !taken.has(name)) yield diagnosticAt("RC203", at, `no trigger takes the outcome ${name}`);
    const failure = formatEventPattern({ kind: "failed", subject: intent.name });
    if (!intent.unknown && mayFail && !taken.has(failure))
      yield diagnosticAt("RC203", intent.at, `${intent.name} may fail, but no trigger takes ${failure}`);
  }
}

/**
 * RC205: a trigger that nothing produces, or that no transition takes. (A reducer's trigger that is not in its
 * `consumed_events` is reported where names are resolved.)
 */
export function* checkTriggers(model: DomainModel): Iterable<Diagnostic> {
  const { reducer, triggers, handlers } = model;
  const published = new Set(model.published.map(({ name }) => name));
  const produced = new Set([...returnedEvents(model), ...published]);
  for (const trigger of firstUses(machineTriggers(model)))
    if (!trigger.unknown && !isProduced(model, trigger, produced))
      yield diagnosticAt("RC205", trigger.at, `nothing produces ${trigger.name}`);
  // Other rows' events are checked where they are returned (RC105); here those that only raised events lead to.
  const accepted = new Set(machineTriggers(model).map(({ name }) => name));
  const raised = handlers.filter(({ event }) => messageOrigin(model, event) === "raised");
  for (const { name, at, unknown } of raised.flatMap(({ outputs }) => outputs))
    if (!unknown && !accepted.has(name) && published.has(name))
      yield diagnosticAt("RC205", at, `no transition takes ${name}`);
  const consumed = new Set(reducer.transitions.map(({ trigger }) => trigger.name));
  for (const { name, at } of firstUses(triggers.map(({ trigger }) => trigger)))
    if (!consumed.has(name))
      yield diagnosticAt("RC205", at, `no transition takes ${name}`, { suggestion: didYouMean(name, consumed) });
}

/** A published event that is in no output_events is reported where it is published (RC103), not as a trigger. */
function isProduced(model: DomainModel, trigger: EventRef, produced: ReadonlySet<string>): boolean {
  if (trigger.kind === "event") return produced.has(trigger.name) || messageOrigin(model, trigger) === "outcome";
  const origin = messageOrigin(model, trigger);
  return origin === "published" || origin === "failed";
}

/** Of a name used in several places the first: it is one mistake. */
const firstUses = <Use extends { readonly name: string }>(uses: readonly Use[]): readonly Use[] =>
  uses.filter(({ name }, index) => uses.findIndex((use) => use.name === name) === index);
