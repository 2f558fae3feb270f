import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { joinWithAnd, stateLabel } from "../diagnostics/wording.ts";
import type { DomainModel, EventRef, HandlerModel, RowModel } from "../model/domain-model.ts";
import { deadlineStates, messageOrigin } from "../model/events.ts";
import { followOutputs } from "../model/transitions.ts";
import { diagnosticAt, type SourceRef } from "../reading/source-ref.ts";

/** Keys of (state, event): some row may return the event, and the orchestrator be in the state when it is applied. */
export type StateEventPairs = ReadonlySet<string>;
export const stateEventKey = (state: string, event: string): string => `${state} ${event}`;

/**
 * RC105: a row's events are applied in the order listed, each in the state that the one before it led to. When a raised
 * event is handled depends on the reducer too, so its rows are left to the exploration of all states (RC206).
 */
export function checkEventOrder(model: DomainModel): {
  readonly problems: readonly Diagnostic[];
  readonly returnable: StateEventPairs;
} {
  const returnable = new Set<string>();
  const problems: Diagnostic[] = [];
  for (const handler of model.handlers.filter(({ event }) => !event.unknown))
    for (const row of handler.rows) {
      const rejected = applyOutputs(model, row, possibleStates(model, handler, row), returnable);
      // RC104 reports a row that never decides. Its events count as returnable, so that RC106 is silent about them.
      if (row.decidableStates.length === 0) applyOutputs(model, row, allNamedStates(model, row), returnable);
      if (messageOrigin(model, handler.event) === "raised") continue;
      problems.push(...rejected.map((each) => toDiagnostic(model, row, each)));
    }
  return { problems, returnable };
}

function possibleStates(model: DomainModel, { event }: HandlerModel, row: RowModel): readonly string[] {
  if (event.kind !== "deadline") return row.decidableStates;
  const armed = new Set(deadlineStates(model, event.subject));
  return row.decidableStates.filter((state) => armed.has(state));
}

const allNamedStates = ({ orchestrator }: DomainModel, { namedStates }: RowModel): readonly string[] =>
  [...orchestrator.states.keys()].filter((state) => namedStates.some(({ name }) => name === state || name === "*"));

interface RejectedEvent {
  readonly event: EventRef;
  /** `from`: the state in which the row decides. `in`: the state that its earlier events have led to. */
  readonly rejectedIn: { readonly from: string; readonly in: string }[];
}

/** Applies a row's events in each state. Adds to `returnable`, and gives the events that no transition accepts. */
function applyOutputs(
  model: DomainModel,
  row: RowModel,
  states: readonly string[],
  returnable: Set<string>,
): readonly RejectedEvent[] {
  if (!row.action) return [];
  const rejections = new Map<EventRef, RejectedEvent>();
  for (const from of states)
    for (const { event, state, transition } of followOutputs(model, row, from)) {
      returnable.add(stateEventKey(state, event.name));
      if (transition) continue;
      const rejection = rejections.get(event) ?? { event, rejectedIn: [] };
      rejections.set(event, rejection);
      rejection.rejectedIn.push({ from, in: state });
      // In which state it and the later ones were meant to be applied is not known: they count as returnable in each,
      // so that no transition on them is also reported as unused (RC106).
      for (const { name } of row.outputs.slice(row.outputs.indexOf(event)))
        for (const any of model.orchestrator.states.keys()) returnable.add(stateEventKey(any, name));
    }
  return [...rejections.values()];
}

function toDiagnostic({ orchestrator }: DomainModel, row: RowModel, { event, rejectedIn }: RejectedEvent): Diagnostic {
  const isFromHandler = !event.at.path.join().startsWith(`${row.at.path.join()},`);
  const at: SourceRef = isFromHandler ? (row.namedStates[0]?.at ?? row.at) : event.at;
  const where = rejectedIn.map(({ from, in: state }) =>
    from === state ? stateLabel(state) : `${stateLabel(state)} (from ${stateLabel(from)})`,
  );
  // A transition whose `from_state` is a list is several in the model, with one index: its trigger is named once.
  const accepting = new Map(
    orchestrator.transitions
      .filter(({ trigger }) => trigger.name === event.name)
      .map(({ index, trigger }) => [index, { at: trigger.at, message: `${event.name} is accepted here` }]),
  );
  const related = [...accepting.values()];
  if (isFromHandler) related.push({ at: event.at, message: `${event.name} is among the handler's output_events` });
  return diagnosticAt("RC105", at, `no transition accepts ${event.name} in ${joinWithAnd(where)}`, { related });
}
