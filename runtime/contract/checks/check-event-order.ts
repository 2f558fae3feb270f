import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { joinWithAnd, stateLabel } from "../diagnostics/wording.ts";
import type { DomainModel, EventRef, HandlerModel, RowModel } from "../model/domain-model.ts";
import { deadlineStates, messageOrigin } from "../model/events.ts";
import { followOutputs } from "../model/transitions.ts";
import { diagnosticAt, type SourceRef } from "../reading/source-ref.ts";

/** The orchestrator's machine as rows use it: which (state, event) pairs a row can bring about. */
export type StateEventPairs = ReadonlySet<string>;
export const stateEventKey = (state: string, trigger: string): string => `${state} ${trigger}`;

/**
 * RC105: a row returns its events in the order listed, each on the state that the one before led to. A raised event's
 * handler may be called in any state that the reducer's course allows: RC206 explores that.
 */
export function checkEventOrder(model: DomainModel): {
  readonly problems: readonly Diagnostic[];
  readonly returnable: StateEventPairs;
} {
  const returnable = new Set<string>();
  const problems: Diagnostic[] = [];
  for (const handler of model.handlers.filter(({ event }) => !event.unknown))
    for (const row of handler.rows) {
      const rejected = rejectedEvents(model, row, possibleStates(model, handler, row), returnable);
      // A row that decides nothing is reported as one (RC104); the events it was meant to return count as returned.
      if (row.decidableStates.length === 0) rejectedEvents(model, row, allNamedStates(model, row), returnable);
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
  /** Where the row was asked, and where its earlier events had led. */
  readonly rejectedIn: { readonly from: string; readonly in: string }[];
}

function rejectedEvents(
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
      // Where it and the later ones were meant to be returned is not known: no transition is called unused for that.
      for (const { name } of row.outputs.slice(row.outputs.indexOf(event)))
        for (const any of model.orchestrator.states.keys()) returnable.add(stateEventKey(any, name));
    }
  return [...rejections.values()];
}

function toDiagnostic({ orchestrator }: DomainModel, row: RowModel, { event, rejectedIn }: RejectedEvent): Diagnostic {
  const inherited = !event.at.path.join().startsWith(`${row.at.path.join()},`);
  const at: SourceRef = inherited ? (row.namedStates[0]?.at ?? row.at) : event.at;
  const where = rejectedIn.map(({ from, in: state }) =>
    from === state ? stateLabel(state) : `${stateLabel(state)} (from ${stateLabel(from)})`,
  );
  // The states of one list under `from_state` have their trigger in common.
  const accepting = new Map(
    orchestrator.transitions
      .filter(({ trigger }) => trigger.name === event.name)
      .map(({ index, trigger }) => [index, { at: trigger.at, message: `${event.name} is accepted here` }]),
  );
  const related = [...accepting.values()];
  if (inherited) related.push({ at: event.at, message: `${event.name} is among the handler's output_events` });
  return diagnosticAt("RC105", at, `no transition accepts ${event.name} in ${joinWithAnd(where)}`, { related });
}
