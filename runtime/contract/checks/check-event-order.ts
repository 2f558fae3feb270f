import { NO_ENTITY } from "../../core/domain.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { DomainModel, EventRef, HandlerModel, RowModel } from "../model/domain-model.ts";
import { joinWithAnd, diagnosticAt, type SourceRef } from "../reading/source-ref.ts";
import { deadlineStates, messageOrigin } from "../model/message-origin.ts";

/** The orchestrator's machine as rows use it: which (state, event) pairs a row can bring about. */
export type StateEventPairs = ReadonlySet<string>;
export const stateEventKey = (state: string, trigger: string): string => `${state} ${trigger}`;

/**
 * RC105: a row returns its events in the order listed, each on the state that the one before led to. A raised event's
 * handler may be called in any state that the reducer's course allows: exploring that is RC206's.
 */
export function checkEventOrder(model: DomainModel): {
  readonly problems: readonly Diagnostic[];
  readonly returnable: StateEventPairs;
} {
  const returnable = new Set<string>();
  const known = model.handlers.filter(({ event }) => !event.unknown);
  const problems = known.flatMap((handler) =>
    handler.rows.flatMap((row) => {
      const refusals = followOutputs(model, row, possibleStates(model, handler, row), returnable);
      // A row that decides about nothing is said to be one; what it was meant to return is not called unused as well.
      if (row.decidableStates.length === 0) followOutputs(model, row, allNamedStates(model, row), returnable);
      const raised = messageOrigin(model, handler.event) === "raised";
      return raised ? [] : refusals.map((refusal) => toDiagnostic(model, row, refusal));
    }),
  );
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

function followOutputs(
  model: DomainModel,
  row: RowModel,
  states: readonly string[],
  returnable: Set<string>,
): readonly RejectedEvent[] {
  if (!row.action) return [];
  const rejections = new Map<EventRef, RejectedEvent>();
  for (const from of states) {
    let state = from;
    for (const event of row.outputs) {
      if (event.unknown) break;
      returnable.add(stateEventKey(state, event.name));
      const next = model.orchestrator.transitions.find(
        (each) => each.from.name === state && each.trigger.name === event.name,
      );
      if (!next) {
        const refusal = rejections.get(event) ?? { event, rejectedIn: [] };
        rejections.set(event, refusal);
        refusal.rejectedIn.push({ from, in: state });
        // Where it and the later ones were meant to be returned is not known: no transition is called unused for that.
        const later = row.outputs.slice(row.outputs.indexOf(event));
        for (const each of later)
          for (const any of model.orchestrator.states.keys()) returnable.add(stateEventKey(any, each.name));
        break;
      }
      if (next.to.unknown) break;
      state = next.to.name;
    }
  }
  return [...rejections.values()];
}

function toDiagnostic({ orchestrator }: DomainModel, row: RowModel, { event, rejectedIn }: RejectedEvent): Diagnostic {
  const inherited = !event.at.path.join().startsWith(`${row.at.path.join()},`);
  const at: SourceRef = inherited ? (row.namedStates[0]?.at ?? row.at) : event.at;
  const where = rejectedIn.map(({ from, in: state }) =>
    from === state ? stateLabel(state) : `${stateLabel(state)} (from ${stateLabel(from)})`,
  );
  const accepting = orchestrator.transitions.filter(({ trigger }) => trigger.name === event.name);
  const related = accepting.map(({ trigger }) => ({ at: trigger.at, message: `${event.name} is accepted here` }));
  if (inherited) related.push({ at: event.at, message: `${event.name} is among the handler's output_events` });
  const message = `no transition accepts ${event.name} in ${joinWithAnd(where)}`;
  return diagnosticAt("RC105", at, message, { related: unique(related) });
}

const stateLabel = (state: string): string => (state === NO_ENTITY ? "null" : state);
const unique = <Item extends { readonly at: SourceRef }>(items: readonly Item[]): readonly Item[] => [
  ...new Map(items.map((item) => [item.at.path.join(), item])).values(),
];
