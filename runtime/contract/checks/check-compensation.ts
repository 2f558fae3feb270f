import { type Diagnostic, joinWithAnd } from "../diagnostics/diagnostic.ts";
import type { DomainModel } from "../model/domain-model.ts";
import { actionsOf } from "../model/transitions.ts";
import { diagnosticAt, keyRef, type SourceRef } from "../reading/contract-source.ts";

/** An event that ends an attempt otherwise than in success, and the place in the contract that makes it so. */
interface AttemptEnd {
  readonly event: string;
  readonly at: SourceRef;
  readonly why: string;
}

/** The intent that compensates another one, and the reducer's actions that emit it. */
interface Compensation {
  readonly intent: string;
  readonly note: { readonly at: SourceRef; readonly message: string };
  readonly actions: ReadonlySet<string>;
}

/**
 * RC207: what an attempt wrote is taken back at each of its ends. In the reducer's initial state nothing is owed yet,
 * so a transition from there needs no compensation.
 */
export function* checkCompensation(model: DomainModel): Iterable<Diagnostic> {
  const ends = attemptEnds(model);
  for (const { compensatedBy, intent } of model.effects) {
    if (!compensatedBy || compensatedBy.unknown) continue;
    const { name, at } = compensatedBy;
    const emitting = model.emissions.filter((each) => each.intent.name === name);
    const owed: Compensation = {
      intent: name,
      note: { at, message: `${intent.name} is compensated by ${name}` },
      actions: new Set(emitting.map(({ action }) => action.name)),
    };
    yield* unconsumedEnds(model, ends, owed);
    yield* withoutCompensation(model, ends, owed);
  }
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

function* unconsumedEnds(
  { triggers }: DomainModel,
  ends: readonly AttemptEnd[],
  { intent, note }: Compensation,
): Iterable<Diagnostic> {
  for (const { event, at, why } of ends) {
    if (triggers.some((each) => each.event.name === event)) continue;
    const message = `${event} ends an attempt (${why}), but the reducer does not consume it: nothing emits ${intent}`;
    yield diagnosticAt("RC207", at, message, { related: [note] });
  }
}

/** One transition may serve several ends: it lacks its action once. */
function* withoutCompensation(
  { triggers, reducer }: DomainModel,
  ends: readonly AttemptEnd[],
  { intent, note, actions }: Compensation,
): Iterable<Diagnostic> {
  const seen = new Set<number>();
  for (const transition of reducer.transitions) {
    const { trigger, from, index, at } = transition;
    const events = triggers.filter((each) => each.trigger.name === trigger.name).map(({ event }) => event.name);
    const ending = ends.filter(({ event }) => events.includes(event));
    if (ending.length === 0 || from.name === reducer.initial || from.unknown || seen.has(index)) continue;
    if (actionsOf(reducer, transition).some((action) => actions.has(action))) continue;
    seen.add(index);
    const names = joinWithAnd(ending.map(({ event }) => event));
    const message = `${names} end${ending.length === 1 ? "s" : ""} an attempt: no action here emits ${intent}`;
    const notes = ending.map((end) => ({ at: end.at, message: `${end.event} ends an attempt: ${end.why}` }));
    const place = transition.actions.length > 0 ? keyRef(at.source, ...at.path, "actions") : trigger.at;
    yield diagnosticAt("RC207", place, message, { related: [note, ...notes] });
  }
}
