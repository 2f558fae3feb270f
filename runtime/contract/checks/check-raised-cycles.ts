import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { DomainModel, StateModel } from "../model/domain-model.ts";
import { enteredState } from "../model/transitions.ts";
import { diagnosticAt } from "../reading/source-ref.ts";

/**
 * RC204: a raised event whose handler returns an event that makes the reducer raise it again, at once or by way of
 * others, would never let a step end. Which state the reducer is in by then is not asked: events may still wait.
 */
export function* checkRaisedCycles(model: DomainModel): Iterable<Diagnostic> {
  const reported = new Set<string>();
  for (const state of model.reducer.states.values()) {
    if (!state.raises || state.raises.unknown) continue;
    const cycle = cycleFrom(model, state);
    if (!cycle || cycle.some(({ name }) => reported.has(name))) continue;
    for (const { name } of cycle) reported.add(name);
    const names = [...cycle, state].map(({ raises }) => raises?.name ?? "");
    const related = cycle
      .slice(1)
      .flatMap(({ raises }) => (raises ? [{ at: raises.at, message: `${raises.name} is raised here` }] : []));
    const message = `a cycle of raised events: ${names.join(" leads to ")}`;
    yield diagnosticAt("RC204", state.raises.at, message, { related });
  }
}

/** The shortest way from a raising state back to its own event, by breadth. */
function cycleFrom(model: DomainModel, start: StateModel): readonly StateModel[] | undefined {
  const ways: (readonly StateModel[])[] = [[start]];
  const seen = new Set<string>();
  for (const way of ways) {
    const last = way.at(-1) ?? start;
    for (const next of raisedAfter(model, last.raises?.name ?? "")) {
      if (next.raises?.name === start.raises?.name) return way;
      if (seen.has(next.name)) continue;
      seen.add(next.name);
      ways.push([...way, next]);
    }
  }
  return undefined;
}

/** The raising states that the events of a raised event's handler may make the reducer enter. */
function raisedAfter({ handlers, triggers, reducer }: DomainModel, raised: string): readonly StateModel[] {
  const rows = handlers.filter(({ event }) => event.name === raised).flatMap((handler) => handler.rows);
  const returned = new Set(rows.flatMap(({ action, outputs }) => (action ? outputs.map(({ name }) => name) : [])));
  const triggered = new Set(
    triggers.filter(({ event }) => returned.has(event.name)).map(({ trigger }) => trigger.name),
  );
  return reducer.transitions.flatMap((transition) => {
    const state = triggered.has(transition.trigger.name) ? enteredState(reducer, transition) : undefined;
    return state?.raises ? [state] : [];
  });
}
