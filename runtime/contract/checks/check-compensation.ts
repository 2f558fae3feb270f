import { type Diagnostic, joinWithAnd } from "../diagnostics/diagnostic.ts";
import type { DomainModel } from "../model/domain-model.ts";
import { actionsOf } from "../model/transitions.ts";
import { diagnosticAt, keyRef, type SourceRef } from "../reading/contract-source.ts";

/**
 * RC207: what an attempt wrote is taken back at each of its ends; a document has none. In the reducer's initial state
 * nothing is owed yet, so a transition from there needs no compensation.
 */
export function* checkCompensation(model: DomainModel): Iterable<Diagnostic> {
  if (model.lifecycle === "document") return;
  const ends = attemptEnds(model);
  for (const { compensatedBy, intent } of model.effects) {
    if (!compensatedBy || compensatedBy.unknown) continue;
    const { name, at } = compensatedBy;
    const related = [{ at, message: `${intent.name} is compensated by ${name}` }];
    for (const { event, at: endAt, why } of ends) {
      if (model.triggers.some((each) => each.event.name === event)) continue;
      const message = `${event} ends an attempt (${why}), but the reducer does not consume it: nothing emits ${name}`;
      yield diagnosticAt("RC207", endAt, message, { related });
    }
    for (const { ending, transition } of withoutCompensation(model, ends, name)) {
      const names = joinWithAnd(ending.map(({ event }) => event));
      const message = `${names} end${ending.length === 1 ? "s" : ""} an attempt: no action here emits ${name}`;
      const notes = ending.map((end) => ({ at: end.at, message: `${end.event} ends an attempt: ${end.why}` }));
      const { source, path } = transition.at;
      const place = transition.actions.length > 0 ? keyRef(source, ...path, "actions") : transition.trigger.at;
      yield diagnosticAt("RC207", place, message, { related: [...related, ...notes] });
    }
  }
}

/** The events that end an attempt otherwise than in success, and the place in the contract that makes each so. */
function attemptEnds({ orchestrator, startedBy, lifecycle }: DomainModel) {
  const ends = new Map<string, { readonly event: string; readonly at: SourceRef; readonly why: string }>();
  for (const { trigger, to } of orchestrator.transitions)
    if (orchestrator.states.get(to.name)?.terminal && !trigger.unknown && !ends.has(trigger.name))
      ends.set(trigger.name, { event: trigger.name, at: trigger.at, why: `it leads to ${to.name}` });
  const { name, at, unknown } = startedBy;
  if (!unknown && lifecycle === "attempts")
    ends.set(name, { event: name, at, why: "it supersedes the attempt before" });
  return [...ends.values()];
}

/** Transitions of the reducer at an attempt's ends. One may serve several ends: it lacks its action once. */
function* withoutCompensation(
  { triggers, reducer, emissions }: DomainModel,
  ends: ReturnType<typeof attemptEnds>,
  compensation: string,
) {
  const emitting = emissions.filter(({ intent }) => intent.name === compensation).map(({ action }) => action.name);
  const seen = new Set<number>();
  for (const transition of reducer.transitions) {
    const { trigger, from, index } = transition;
    const events = triggers.filter((each) => each.trigger.name === trigger.name).map(({ event }) => event.name);
    const ending = ends.filter(({ event }) => events.includes(event));
    if (ending.length === 0 || from.name === reducer.initial || from.unknown || seen.has(index)) continue;
    if (actionsOf(reducer, transition).some((action) => emitting.includes(action))) continue;
    seen.add(index);
    yield { ending, transition };
  }
}
