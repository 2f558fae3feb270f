import { didYouMean } from "../diagnostics/did-you-mean.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { reducerActionNames } from "./check-unused-code.ts";
import type { DomainModel, EventRef } from "../model/domain-model.ts";
import { diagnosticAt } from "../reading/source-ref.ts";
import { messageOrigin, returnedEvents } from "../model/message-origin.ts";

/** RC203: what is asked for is done, what is done was asked for, and how it ended is heard. */
export function checkIntentFlow(model: DomainModel): readonly Diagnostic[] {
  const { emissions, effects } = model;
  const actions = new Set(reducerActionNames(model));
  const executableIntents = effects.map(({ intent }) => intent.name);
  const requestedIntents = emissions.filter(({ action }) => actions.has(action.name)).map(({ intent }) => intent.name);
  const emitted = emissions.map(({ intent }) => intent.name);
  const consumedEvents = new Set([
    ...model.triggers.map(({ event }) => event.name),
    ...model.handlers.map(({ event }) => event.name),
    ...model.orchestrator.transitions.map(({ trigger }) => trigger.name),
  ]);
  return [
    ...emissions.flatMap(({ action, intent }) =>
      action.unknown || actions.has(action.name)
        ? []
        : [
            diagnosticAt(
              "RC203",
              action.at,
              `no transition and no state uses ${action.name}, so it never emits ${intent.name}`,
            ),
          ],
    ),
    ...emissions.flatMap(({ intent }) =>
      intent.unknown || executableIntents.includes(intent.name)
        ? []
        : [
            diagnosticAt("RC203", intent.at, `no effect takes ${intent.name}`, {
              suggestion: didYouMean(intent.name, executableIntents),
            }),
          ],
    ),
    ...effects.flatMap(({ intent }) =>
      intent.unknown || requestedIntents.includes(intent.name) || emitted.includes(intent.name)
        ? []
        : [
            diagnosticAt("RC203", intent.at, `nothing emits ${intent.name}`, {
              suggestion: didYouMean(intent.name, emitted),
            }),
          ],
    ),
    ...effects.flatMap(({ outputs }) =>
      outputs
        .filter(({ name, unknown }) => !unknown && !consumedEvents.has(name))
        .map(({ name, at }) => diagnosticAt("RC203", at, `no trigger takes the outcome ${name}`)),
    ),
    ...effects.flatMap(({ intent, mayFail }) =>
      intent.unknown || !mayFail || consumedEvents.has(`failed(${intent.name})`)
        ? []
        : [diagnosticAt("RC203", intent.at, `${intent.name} may fail, but no trigger takes failed(${intent.name})`)],
    ),
  ];
}

/** RC205: a trigger that nothing produces, or that no transition takes. (A reducer's unknown trigger: see Names.) */
export function checkTriggers(model: DomainModel): readonly Diagnostic[] {
  const { orchestrator, reducer, triggers, handlers } = model;
  const produced = returnedEvents(model);
  const consumedTriggers = new Set(reducer.transitions.map(({ trigger }) => trigger.name));
  const published = new Set(model.published.map(({ name }) => name));
  const accepted = new Set(orchestrator.transitions.map(({ trigger }) => trigger.name));
  const unproduced = firstUses(orchestrator.transitions.map(({ trigger }) => trigger as EventRef)).filter(
    (trigger) => !trigger.unknown && !isProduced(model, trigger, produced),
  );
  // Other rows' events are checked where they are returned (RC105); here those that only raised events lead to.
  const raised = handlers
    .filter(({ event }) => messageOrigin(model, event) === "raised")
    .flatMap(({ outputs }) => outputs);
  return [
    ...unproduced.map(({ name, at }) => diagnosticAt("RC205", at, `nothing produces ${name}`)),
    ...raised
      .filter(({ name, unknown }) => !unknown && !accepted.has(name) && published.has(name))
      .map(({ name, at }) => diagnosticAt("RC205", at, `no transition takes ${name}`)),
    ...firstUses(triggers.map(({ trigger }) => trigger))
      .filter(({ name }) => !consumedTriggers.has(name))
      .map(({ name, at }) =>
        diagnosticAt("RC205", at, `no transition takes ${name}`, { suggestion: didYouMean(name, consumedTriggers) }),
      ),
  ];
}

function isProduced(model: DomainModel, trigger: EventRef, produced: ReadonlySet<string>): boolean {
  if (trigger.kind === "event") {
    // Published, but in no output_events: that is said where it is published (RC103).
    const published = model.published.some(({ name }) => name === trigger.name);
    return published || produced.has(trigger.name) || messageOrigin(model, trigger) === "outcome";
  }
  const origin = messageOrigin(model, trigger);
  return origin === "published" || origin === "failed";
}

/** Of a name used in several places the first: it is one mistake. */
const firstUses = <Use extends { readonly name: string }>(uses: readonly Use[]): readonly Use[] => {
  const first = new Map<string, Use>();
  for (const use of uses) if (!first.has(use.name)) first.set(use.name, use);
  return [...first.values()];
};
