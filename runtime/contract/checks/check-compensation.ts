import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { DomainModel, TransitionModel } from "../model/domain-model.ts";
import { keyOf, listed, problem, type Spot } from "../reading/source-ref.ts";

/** An event that ends an attempt otherwise than in success, and where the contract says that it does. */
interface End {
  readonly event: string;
  readonly at: Spot;
  readonly why: string;
}

/** An intent that is to be taken back, and the actions that do so. */
interface Owed {
  readonly intent: string;
  readonly compensation: string;
  readonly at: Spot;
  readonly actions: ReadonlySet<string>;
}

/**
 * RC207: what an attempt wrote is taken back at each of its ends. In the reducer's initial state nothing is owed yet,
 * so a transition from there needs no compensation.
 */
export function checkEnds(model: DomainModel): readonly Diagnostic[] {
  const ends = endsOf(model);
  return model.effects.flatMap(({ compensatedBy, intent }) => {
    if (!compensatedBy || compensatedBy.unknown) return [];
    const emitting = model.emissions.filter((each) => each.intent.name === compensatedBy.name);
    const actions = new Set(emitting.map(({ action }) => action.name));
    const owed = { intent: intent.name, compensation: compensatedBy.name, at: compensatedBy.at, actions };
    return [...unheard(model, ends, owed), ...withoutCompensation(model, ends, owed)];
  });
}

function endsOf({ orchestrator, startedBy }: DomainModel): readonly End[] {
  const ends = new Map<string, End>();
  for (const { trigger, to } of orchestrator.transitions)
    if (orchestrator.states.get(to.name)?.terminal && !trigger.unknown && !ends.has(trigger.name))
      ends.set(trigger.name, { event: trigger.name, at: trigger.at, why: `it leads to ${to.name}` });
  const { name, at, unknown } = startedBy;
  if (!unknown) ends.set(name, { event: name, at, why: "it supersedes the attempt before" });
  return [...ends.values()];
}

function unheard({ triggers }: DomainModel, ends: readonly End[], owed: Owed): readonly Diagnostic[] {
  return ends
    .filter(({ event }) => !triggers.some((each) => each.event.name === event))
    .map(({ event, at, why }) => {
      const message =
        `${event} ends an attempt (${why}), but the reducer does not consume it: nothing emits ` +
        `${owed.compensation}`;
      return problem("RC207", at, message, { related: [debt(owed)] });
    });
}

/** One transition may serve several ends: it lacks its action once. */
function withoutCompensation(
  { triggers, reducer }: DomainModel,
  ends: readonly End[],
  owed: Owed,
): readonly Diagnostic[] {
  const seen = new Set<number>();
  return reducer.transitions.flatMap((transition) => {
    const { trigger, from, index, at, actions } = transition;
    const events = triggers.filter((each) => each.trigger.name === trigger.name).map(({ event }) => event.name);
    const ending = ends.filter(({ event }) => events.includes(event));
    if (ending.length === 0 || from.name === reducer.initial || from.unknown || seen.has(index)) return [];
    if (actionsOf(transition).some((action) => owed.actions.has(action))) return [];
    seen.add(index);
    const names = listed(ending.map(({ event }) => event));
    const message =
      `${names} end${ending.length === 1 ? "s" : ""} an attempt: no action here emits ` + `${owed.compensation}`;
    const related = [
      debt(owed),
      ...ending.map((end) => ({ at: end.at, message: `${end.event} ends an attempt: ${end.why}` })),
    ];
    return [
      problem("RC207", actions.length > 0 ? keyOf(at.source, ...at.path, "actions") : trigger.at, message, { related }),
    ];
  });

  function actionsOf({ actions, from, to }: TransitionModel): readonly string[] {
    const entered = from.name === to.name ? [] : (reducer.states.get(to.name)?.entryActions ?? []);
    return [...actions, ...entered].map(({ name }) => name);
  }
}

const debt = ({ intent, compensation, at }: Owed) => ({
  at,
  message: `${intent} is to be taken back by ${compensation}`,
});
