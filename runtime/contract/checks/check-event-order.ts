import { NO_ENTITY } from "../../core/domain.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { DomainModel, EventUse, HandlerModel, RowModel } from "../model/domain-model.ts";
import { listed, problem, type Spot } from "../reading/source-ref.ts";
import { deadlineStates, originOf } from "../model/message-origin.ts";

/** The orchestrator's machine as rows use it: which (state, event) pairs a row can bring about. */
export type Taken = ReadonlySet<string>;
export const pair = (state: string, trigger: string): string => `${state} ${trigger}`;

/**
 * RC105: a row returns its events in the order listed, each on the state that the one before led to. A raised event's
 * handler may be called in any state that the reducer's course allows: exploring that is RC206's.
 */
export function checkSequences(model: DomainModel): {
  readonly problems: readonly Diagnostic[];
  readonly taken: Taken;
} {
  const taken = new Set<string>();
  const known = model.handlers.filter(({ event }) => !event.unknown);
  const problems = known.flatMap((handler) =>
    handler.rows.flatMap((row) => {
      const refusals = follow(model, row, statesOf(model, handler, row), taken);
      // A row that decides about nothing is said to be one; what it was meant to return is not called unused as well.
      if (row.states.length === 0) follow(model, row, namedStates(model, row), taken);
      const raised = originOf(model, handler.event) === "raised";
      return raised ? [] : refusals.map((refusal) => reported(model, row, refusal));
    }),
  );
  return { problems, taken };
}

function statesOf(model: DomainModel, { event }: HandlerModel, row: RowModel): readonly string[] {
  if (event.kind !== "deadline") return row.states;
  const armed = new Set(deadlineStates(model, event.subject));
  return row.states.filter((state) => armed.has(state));
}

const namedStates = ({ orchestrator }: DomainModel, { current }: RowModel): readonly string[] =>
  [...orchestrator.states.keys()].filter((state) => current.some(({ name }) => name === state || name === "*"));

interface Refusal {
  readonly event: EventUse;
  /** Where the row was asked, and where its earlier events had led. */
  readonly places: { readonly from: string; readonly in: string }[];
}

function follow(model: DomainModel, row: RowModel, states: readonly string[], taken: Set<string>): readonly Refusal[] {
  if (!row.action) return [];
  const refusals = new Map<EventUse, Refusal>();
  for (const from of states) {
    let state = from;
    for (const event of row.outputs) {
      if (event.unknown) break;
      taken.add(pair(state, event.name));
      const next = model.orchestrator.transitions.find(
        (each) => each.from.name === state && each.trigger.name === event.name,
      );
      if (!next) {
        const refusal = refusals.get(event) ?? { event, places: [] };
        refusals.set(event, refusal);
        refusal.places.push({ from, in: state });
        // Where it and the later ones were meant to be returned is not known: no transition is called unused for that.
        const later = row.outputs.slice(row.outputs.indexOf(event));
        for (const each of later) for (const any of model.orchestrator.states.keys()) taken.add(pair(any, each.name));
        break;
      }
      if (next.to.unknown) break;
      state = next.to.name;
    }
  }
  return [...refusals.values()];
}

function reported({ orchestrator }: DomainModel, row: RowModel, { event, places }: Refusal): Diagnostic {
  const inherited = !event.at.path.join().startsWith(`${row.at.path.join()},`);
  const at: Spot = inherited ? (row.current[0]?.at ?? row.at) : event.at;
  const where = places.map(({ from, in: state }) =>
    from === state ? shown(state) : `${shown(state)} (from ${shown(from)})`,
  );
  const accepting = orchestrator.transitions.filter(({ trigger }) => trigger.name === event.name);
  const related = accepting.map(({ trigger }) => ({ at: trigger.at, message: `${event.name} is accepted here` }));
  if (inherited) related.push({ at: event.at, message: `${event.name} is among the handler's output_events` });
  const message = `no transition accepts ${event.name} in ${listed(where)}`;
  return problem("RC105", at, message, { related: unique(related) });
}

const shown = (state: string): string => (state === NO_ENTITY ? "null" : state);
const unique = <Item extends { readonly at: Spot }>(items: readonly Item[]): readonly Item[] => [
  ...new Map(items.map((item) => [item.at.path.join(), item])).values(),
];
