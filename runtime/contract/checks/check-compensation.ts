import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { DomainModel, TransitionModel } from "../model/domain-model.ts";
import { keyRef, joinWithAnd, diagnosticAt, type SourceRef } from "../reading/source-ref.ts";

/** An event that ends an attempt otherwise than in success, and where the contract says that it does. */
interface AttemptEnd {
  readonly event: string;
  readonly at: SourceRef;
  readonly why: string;
}

/** An intent that is to be taken back, and the actions that do so. */
interface OwedCompensation {
  readonly intent: string;
  readonly compensation: string;
  readonly at: SourceRef;
  readonly actions: ReadonlySet<string>;
}

/**
 * RC207: what an attempt wrote is taken back at each of its ends. In the reducer's initial state nothing is owed yet,
 * so a transition from there needs no compensation.
 */
export function checkCompensation(model: DomainModel): readonly Diagnostic[] {
  const ends = attemptEnds(model);
  return model.effects.flatMap(({ compensatedBy, intent }) => {
    if (!compensatedBy || compensatedBy.unknown) return [];
    const emitting = model.emissions.filter((each) => each.intent.name === compensatedBy.name);
    const actions = new Set(emitting.map(({ action }) => action.name));
    const owed = { intent: intent.name, compensation: compensatedBy.name, at: compensatedBy.at, actions };
    return [...unconsumedEnds(model, ends, owed), ...withoutCompensation(model, ends, owed)];
  });
}

function attemptEnds({ orchestrator, startedBy }: DomainModel): readonly AttemptEnd[] {
  const ends = new Map<string, AttemptEnd>();
  for (const { trigger, to } of orchestrator.transitions)
    if (orchestrator.states.get(to.name)?.terminal && !trigger.unknown && !ends.has(trigger.name))
      ends.set(trigger.name, { event: trigger.name, at: trigger.at, why: `it leads to ${to.name}` });
  const { name, at, unknown } = startedBy;
  if (!unknown) ends.set(name, { event: name, at, why: "it supersedes the attempt before" });
  return [...ends.values()];
}

function unconsumedEnds(
  { triggers }: DomainModel,
  ends: readonly AttemptEnd[],
  owed: OwedCompensation,
): readonly Diagnostic[] {
  return ends
    .filter(({ event }) => !triggers.some((each) => each.event.name === event))
    .map(({ event, at, why }) => {
      const message =
        `${event} ends an attempt (${why}), but the reducer does not consume it: nothing emits ` +
        `${owed.compensation}`;
      return diagnosticAt("RC207", at, message, { related: [compensationNote(owed)] });
    });
}

/** One transition may serve several ends: it lacks its action once. */
function withoutCompensation(
  { triggers, reducer }: DomainModel,
  ends: readonly AttemptEnd[],
  owed: OwedCompensation,
): readonly Diagnostic[] {
  const seen = new Set<number>();
  return reducer.transitions.flatMap((transition) => {
    const { trigger, from, index, at, actions } = transition;
    const events = triggers.filter((each) => each.trigger.name === trigger.name).map(({ event }) => event.name);
    const ending = ends.filter(({ event }) => events.includes(event));
    if (ending.length === 0 || from.name === reducer.initial || from.unknown || seen.has(index)) return [];
    if (actionsOf(transition).some((action) => owed.actions.has(action))) return [];
    seen.add(index);
    const names = joinWithAnd(ending.map(({ event }) => event));
    const message =
      `${names} end${ending.length === 1 ? "s" : ""} an attempt: no action here emits ` + `${owed.compensation}`;
    const related = [
      compensationNote(owed),
      ...ending.map((end) => ({ at: end.at, message: `${end.event} ends an attempt: ${end.why}` })),
    ];
    return [
      diagnosticAt("RC207", actions.length > 0 ? keyRef(at.source, ...at.path, "actions") : trigger.at, message, {
        related,
      }),
    ];
  });

  function actionsOf({ actions, from, to }: TransitionModel): readonly string[] {
    const entered = from.name === to.name ? [] : (reducer.states.get(to.name)?.entryActions ?? []);
    return [...actions, ...entered].map(({ name }) => name);
  }
}

const compensationNote = ({ intent, compensation, at }: OwedCompensation) => ({
  at,
  message: `${intent} is compensated by ${compensation}`,
});
