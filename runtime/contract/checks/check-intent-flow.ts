import { didYouMean } from "../diagnostics/did-you-mean.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { actionsOf } from "./check-unused-code.ts";
import type { DomainModel, EventUse } from "../model/domain-model.ts";
import { problem } from "../reading/source-ref.ts";
import { originOf, returnedEvents } from "../model/message-origin.ts";

/** RC203: what is asked for is done, what is done was asked for, and how it ended is heard. */
export function checkDemand(model: DomainModel): readonly Diagnostic[] {
  const { emissions, effects } = model;
  const actions = new Set(actionsOf(model));
  const taken = effects.map(({ intent }) => intent.name);
  const asked = emissions.filter(({ action }) => actions.has(action.name)).map(({ intent }) => intent.name);
  const emitted = emissions.map(({ intent }) => intent.name);
  const heard = new Set([
    ...model.triggers.map(({ event }) => event.name),
    ...model.handlers.map(({ event }) => event.name),
    ...model.orchestrator.transitions.map(({ trigger }) => trigger.name),
  ]);
  return [
    ...emissions.flatMap(({ action, intent }) =>
      action.unknown || actions.has(action.name)
        ? []
        : [
            problem(
              "RC203",
              action.at,
              `no transition and no state names ${action.name}: ${intent.name} is never asked for by it`,
            ),
          ],
    ),
    ...emissions.flatMap(({ intent }) =>
      intent.unknown || taken.includes(intent.name)
        ? []
        : [
            problem("RC203", intent.at, `no effect takes ${intent.name}`, {
              suggestion: didYouMean(intent.name, taken),
            }),
          ],
    ),
    ...effects.flatMap(({ intent }) =>
      intent.unknown || asked.includes(intent.name) || emitted.includes(intent.name)
        ? []
        : [
            problem("RC203", intent.at, `nothing asks for ${intent.name}`, {
              suggestion: didYouMean(intent.name, emitted),
            }),
          ],
    ),
    ...effects.flatMap(({ outputs }) =>
      outputs
        .filter(({ name, unknown }) => !unknown && !heard.has(name))
        .map(({ name, at }) => problem("RC203", at, `no trigger takes the outcome ${name}`)),
    ),
    ...effects.flatMap(({ intent, limited }) =>
      intent.unknown || !limited || heard.has(`failed(${intent.name})`)
        ? []
        : [problem("RC203", intent.at, `${intent.name} may fail, but no trigger takes failed(${intent.name})`)],
    ),
  ];
}

/** RC205: a trigger that nothing produces, or that no transition takes. (A reducer's unknown trigger: see Names.) */
export function checkTriggers(model: DomainModel): readonly Diagnostic[] {
  const { orchestrator, reducer, triggers, handlers } = model;
  const produced = returnedEvents(model);
  const taken = new Set(reducer.transitions.map(({ trigger }) => trigger.name));
  const published = new Set(model.published.map(({ name }) => name));
  const accepted = new Set(orchestrator.transitions.map(({ trigger }) => trigger.name));
  const unproduced = firstUses(orchestrator.transitions.map(({ trigger }) => trigger as EventUse)).filter(
    (trigger) => !trigger.unknown && !comes(model, trigger, produced),
  );
  // Other rows' events are checked where they are returned (RC105); here those that only raised events lead to.
  const raised = handlers.filter(({ event }) => originOf(model, event) === "raised").flatMap(({ outputs }) => outputs);
  return [
    ...unproduced.map(({ name, at }) => problem("RC205", at, `nothing produces ${name}`)),
    ...raised
      .filter(({ name, unknown }) => !unknown && !accepted.has(name) && published.has(name))
      .map(({ name, at }) => problem("RC205", at, `no transition takes ${name}`)),
    ...firstUses(triggers.map(({ trigger }) => trigger))
      .filter(({ name }) => !taken.has(name))
      .map(({ name, at }) =>
        problem("RC205", at, `no transition takes ${name}`, { suggestion: didYouMean(name, taken) }),
      ),
  ];
}

function comes(model: DomainModel, trigger: EventUse, produced: ReadonlySet<string>): boolean {
  if (trigger.kind === "event") {
    // Published, but in no output_events: that is said where it is published (RC103).
    const published = model.published.some(({ name }) => name === trigger.name);
    return published || produced.has(trigger.name) || originOf(model, trigger) === "outcome";
  }
  const origin = originOf(model, trigger);
  return origin === "published" || origin === "failed";
}

/** Of a name used in several places the first: it is one mistake. */
const firstUses = <Use extends { readonly name: string }>(uses: readonly Use[]): readonly Use[] => {
  const first = new Map<string, Use>();
  for (const use of uses) if (!first.has(use.name)) first.set(use.name, use);
  return [...first.values()];
};
