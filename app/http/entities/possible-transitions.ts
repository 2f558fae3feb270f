import type { HandlerRow, MatrixRow, OrchestratorContract } from "../../../runtime/contract/language/schema.ts";
import { stateList } from "../../../runtime/contract/language/schema-parts.ts";

/** A message that leads an entity out of its state, by the contract. */
export interface PossibleTransition {
  /** An event type, `deadline(name)`, `published(Event)`, or a name that the reducer raises. */
  readonly on: string;
  readonly when: string | null;
  readonly leads_to: string;
}

/** What leads an entity from `state` (null: unknown yet) to another one, in the order of the contract. */
export function possibleTransitions(contract: OrchestratorContract, state: string | null): PossibleTransition[] {
  const found = [
    ...directTransitions(contract, state),
    ...contract.handler_routing.handlers.flatMap((row) => handlerTransitions(contract, row, state)),
  ];
  return found.filter(
    (transition, index) =>
      found.findIndex(
        (other) =>
          other.on === transition.on && other.leads_to === transition.leads_to && other.when === transition.when,
      ) === index,
  );
}

/** Transitions that the runtime itself triggers, without a handler. */
function directTransitions(contract: OrchestratorContract, state: string | null): PossibleTransition[] {
  const { transitions } = contract.state_machine;
  return transitions.flatMap(({ from_state, trigger, to_state }) =>
    trigger.includes("(") && stateList(from_state).includes(state) && to_state !== state
      ? [{ on: trigger, when: null, leads_to: to_state }]
      : [],
  );
}

function handlerTransitions(
  contract: OrchestratorContract,
  handler: HandlerRow,
  state: string | null,
): PossibleTransition[] {
  const found: PossibleTransition[] = [];
  for (const row of matrixRows(handler)) {
    const states = stateList(row.current_state);
    if (!states.includes("*") && !states.includes(state)) continue;
    const leads_to =
      row.action === "no_op" ? null : stateAfter(contract, state, row.output_events ?? handler.output_events ?? []);
    if (leads_to !== null && leads_to !== state)
      found.push({ on: handler.event_model.name, when: row.when ?? null, leads_to });
    if (row.when === undefined) break;
  }
  return found;
}

const matrixRows = ({ action, state_decision_matrix }: HandlerRow): readonly MatrixRow[] =>
  action === undefined ? (state_decision_matrix ?? []) : [{ current_state: "*", action }];

/** A handler returns its events in the order of `output_events`, and each may be a trigger of the state machine. */
function stateAfter(contract: OrchestratorContract, state: string | null, events: readonly string[]): string | null {
  const { transitions } = contract.state_machine;
  let current = state;
  for (const event of events) {
    const from = current;
    current =
      transitions.find(({ trigger, from_state }) => trigger === event && stateList(from_state).includes(from))
        ?.to_state ?? current;
  }
  return current;
}
