import { NO_ENTITY } from "../../core/domain.ts";
import type { OrchestratorContract, ReducerContract } from "../language/schema.ts";
import type { ContractSource } from "../reading/contract-source.ts";
import type { ExpressionUse, MachineModel, StateModel, TransitionModel } from "./domain-model.ts";
import type { Lookup, Name, Names } from "./name-resolver.ts";
import type { ReadEvent } from "./read-events.ts";
import { eachOf, spot, type Spot, under } from "../reading/source-ref.ts";

export const nameOfState = (state: string | null): string => state ?? NO_ENTITY;

/** How a state's name is looked up, in the orchestrator's machine or the reducer's. */
export function stateLookup(source: ContractSource<OrchestratorContract> | ContractSource<ReducerContract>): Lookup {
  const { states, initial_state } = source.contract.state_machine;
  const places = new Map(
    states.map(({ state_name }, index) => [state_name, spot(source, "state_machine", "states", index, "state_name")]),
  );
  return {
    what: "state",
    among: [...(initial_state === null ? [NO_ENTITY] : []), ...places.keys()],
    where: "in this machine",
    declaredAt: (name) => places.get(name),
  };
}

export function readOrchestratorMachine(
  source: ContractSource<OrchestratorContract>,
  names: Names,
  event: ReadEvent,
): MachineModel {
  const { states, transitions } = source.contract.state_machine;
  const lookup = stateLookup(source);
  const initialAt = spot(source, "state_machine", "initial_state");
  const none: StateModel = { name: NO_ENTITY, at: initialAt, terminal: false, transient: false, entryActions: [] };
  const read = states.map((state, index): StateModel => {
    const at = spot(source, "state_machine", "states", index);
    const deadlineAt = under(at, "deadline");
    const renewedBy = (state.deadline?.renewed_by ?? []).map((text, i) =>
      event(text, under(deadlineAt, "renewed_by", i)),
    );
    return {
      ...common(state, at),
      entryActions: [],
      ...(state.deadline ? { deadline: { name: state.deadline.name, at: under(deadlineAt, "name"), renewedBy } } : {}),
    };
  });
  return {
    initial: NO_ENTITY,
    initialAt,
    states: byName([none, ...read]),
    transitions: transitions.flatMap((transition, index) =>
      flat(names, lookup, spot(source, "state_machine", "transitions", index), index, transition, {
        trigger: event(transition.trigger, spot(source, "state_machine", "transitions", index, "trigger")),
        conditions: [],
        actions: [],
      }),
    ),
  };
}

export function readReducerMachine(
  source: ContractSource<ReducerContract>,
  names: Names,
  event: ReadEvent,
  lookups: { readonly action: Lookup; readonly trigger: Lookup },
): MachineModel {
  const { states, transitions, initial_state } = source.contract.state_machine;
  const lookup = stateLookup(source);
  const initialAt = spot(source, "state_machine", "initial_state");
  const actionsAt = (actions: readonly string[] | undefined, at: Spot): readonly Name[] =>
    (actions ?? []).map((action, index) => names.resolve(action, under(at, index), lookups.action));
  return {
    initial: names.resolve(initial_state, initialAt, lookup).name,
    initialAt,
    states: byName(
      states.map((state, index): StateModel => {
        const at = spot(source, "state_machine", "states", index);
        return {
          ...common(state, at),
          entryActions: actionsAt(state.entry_actions, under(at, "entry_actions")),
          ...(state.raises === undefined ? {} : { raises: event(state.raises, under(at, "raises")) }),
        };
      }),
    ),
    transitions: transitions.flatMap((transition, index) => {
      const at = spot(source, "state_machine", "transitions", index);
      const conditions = (transition.conditions ?? []).map(({ expression }, i): ExpressionUse => {
        return { text: expression, at: under(at, "conditions", i, "expression") };
      });
      return flat(names, lookup, at, index, transition, {
        trigger: names.resolve(transition.trigger, under(at, "trigger"), lookups.trigger),
        conditions,
        actions: actionsAt(transition.actions, under(at, "actions")),
      });
    }),
  };
}

function flat(
  names: Names,
  lookup: Lookup,
  at: Spot,
  index: number,
  {
    from_state,
    to_state,
  }: { readonly from_state: string | null | readonly (string | null)[]; readonly to_state: string },
  rest: Pick<TransitionModel, "trigger" | "conditions" | "actions">,
): readonly TransitionModel[] {
  const to = names.resolve(to_state, under(at, "to_state"), lookup);
  return eachOf(from_state, under(at, "from_state")).map(({ item, at: stateAt }) => {
    const from = names.resolve(nameOfState(item), stateAt, lookup);
    return { index, at, from, to, ...rest };
  });
}

const common = (
  state: {
    readonly state_name: string;
    readonly is_terminal?: boolean | undefined;
    readonly is_transient?: boolean | undefined;
  },
  at: Spot,
) => ({
  name: state.state_name,
  at: under(at, "state_name"),
  terminal: state.is_terminal ?? false,
  transient: state.is_transient ?? false,
});

/** Of a state declared twice the first counts; the second is reported as such (RC109). */
function byName(states: readonly StateModel[]): ReadonlyMap<string, StateModel> {
  const found = new Map<string, StateModel>();
  for (const state of states) if (!found.has(state.name)) found.set(state.name, state);
  return found;
}
