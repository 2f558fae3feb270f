import { NO_ENTITY } from "../../core/domain.ts";
import type { OrchestratorContract, ReducerContract } from "../language/schema.ts";
import { type LoadedContract, childRef, itemsWithRefs, sourceRef, type SourceRef } from "../reading/contract-source.ts";
import type { DeadlineModel, EventRef, MachineModel, StateModel, TransitionModel, NameRef } from "./domain-model.ts";
import { knownName, type NameLookup, type NameResolver, type EventReader, expressionRef } from "./name-resolver.ts";
import { firstByKey, itself } from "./first-by-key.ts";

type OrchestratorMachine = OrchestratorContract["state_machine"];
type OrchestratorState = OrchestratorMachine["states"][number];
type ReducerState = ReducerContract["state_machine"]["states"][number];

export const machineStateName = (state: string | null): string => state ?? NO_ENTITY;

/** How a state's name is looked up, in the orchestrator's machine or the reducer's. */
export function stateLookup(
  source: LoadedContract<OrchestratorContract> | LoadedContract<ReducerContract>,
): NameLookup {
  const { states, initial_state } = source.contract.state_machine;
  const places = new Map(
    states.map(({ state_name: name }, index) => [
      name,
      sourceRef(source, "state_machine", "states", index, "state_name"),
    ]),
  );
  return {
    kind: "state",
    candidates: [...(initial_state === null ? [NO_ENTITY] : []), ...places.keys()],
    where: "in this machine",
    declaredAt: (name) => places.get(name),
  };
}

export function readOrchestratorMachine(
  source: LoadedContract<OrchestratorContract>,
  names: NameResolver,
  lookup: NameLookup,
  event: EventReader,
): MachineModel<EventRef> {
  const { state_machine_name: name, states, transitions } = source.contract.state_machine;
  const at = sourceRef(source, "state_machine");
  const initialAt = childRef(at, "initial_state");
  // Nothing is owed to an entity that is not there, so it may stay away for good.
  const noEntity: StateModel = {
    ...{ name: NO_ENTITY, at: initialAt, terminal: true, transient: false, entryActions: [] },
  };
  const declaredStates = [
    noEntity,
    ...states.map((state, index) => readOrchestratorState(state, childRef(at, "states", index), event)),
  ];
  return {
    ...{ name, initial: NO_ENTITY, initialAt, declaredStates },
    states: firstByKey(declaredStates, (state) => state.name, itself),
    transitions: transitions.flatMap((transition, index) => {
      const transitionAt = childRef(at, "transitions", index);
      const trigger = event(transition.trigger, childRef(transitionAt, "trigger"));
      const rest = { index, at: transitionAt, trigger, conditions: [], actions: [] };
      return transitionPerState(names, lookup, transition, rest);
    }),
  };
}

function readOrchestratorState(state: OrchestratorState, at: SourceRef, event: EventReader): StateModel {
  const common = { ...commonStateFields(state, at), entryActions: [] };
  if (!state.deadline) return common;
  const { name, after, renewed_by = [], renewed_for, expiry_guard: guard } = state.deadline;
  const deadlineAt = childRef(at, "deadline");
  const deadline: DeadlineModel = {
    ...{ name, at: childRef(deadlineAt, "name"), after, renewedFor: renewed_for ?? after },
    renewedBy: renewed_by.map((text, i) => event(text, childRef(deadlineAt, "renewed_by", i))),
    ...(guard && { expiryGuard: { maxRatio: guard.max_ratio, minCount: guard.min_count } }),
  };
  return { ...common, deadline };
}

export function readReducerMachine(
  source: LoadedContract<ReducerContract>,
  names: NameResolver,
  event: EventReader,
  lookups: { readonly state: NameLookup; readonly action: NameLookup; readonly trigger: NameLookup },
): MachineModel {
  const { state_machine_name: name, states, transitions, initial_state } = source.contract.state_machine;
  const at = sourceRef(source, "state_machine");
  const initialAt = childRef(at, "initial_state");
  const readActions = (actions: readonly string[] = [], actionsAt: SourceRef): readonly NameRef[] =>
    actions.map((action, index) => names.resolve(action, childRef(actionsAt, index), lookups.action));
  const readState = (state: ReducerState, index: number): StateModel => {
    const stateAt = childRef(at, "states", index);
    return {
      ...commonStateFields(state, stateAt),
      entryActions: readActions(state.entry_actions, childRef(stateAt, "entry_actions")),
      ...(state.raises !== undefined && { raises: event(state.raises, childRef(stateAt, "raises")) }),
    };
  };
  const initial = names.resolve(initial_state, initialAt, lookups.state).name;
  const declaredStates = states.map(readState);
  return {
    ...{ name, initial, initialAt, declaredStates },
    states: firstByKey(declaredStates, (state) => state.name, itself),
    transitions: transitions.flatMap((transition, index) => {
      const transitionAt = childRef(at, "transitions", index);
      const { conditions = [], actions, trigger } = transition;
      return transitionPerState(names, lookups.state, transition, {
        ...{ index, at: transitionAt },
        trigger: names.resolve(trigger, childRef(transitionAt, "trigger"), lookups.trigger),
        conditions: conditions.map(({ expression }, i) =>
          expressionRef(expression, childRef(transitionAt, "conditions", i, "expression")),
        ),
        actions: readActions(actions, childRef(transitionAt, "actions")),
      });
    }),
  };
}

function transitionPerState<Trigger extends NameRef>(
  names: NameResolver,
  lookup: NameLookup,
  { from_state, to_state }: { readonly from_state: string | null | readonly (string | null)[]; to_state: string },
  rest: Omit<TransitionModel<Trigger>, "from" | "to">,
): readonly TransitionModel<Trigger>[] {
  const to = names.resolve(to_state, childRef(rest.at, "to_state"), lookup);
  return itemsWithRefs(from_state, childRef(rest.at, "from_state")).map(({ item, at }) => {
    const from = item === null ? knownName(NO_ENTITY, at) : names.resolve(item, at, lookup);
    return { ...rest, from, to };
  });
}

const commonStateFields = (
  {
    state_name: name,
    is_terminal: terminal = false,
    is_transient: transient = false,
  }: OrchestratorState | ReducerState,
  at: SourceRef,
) => ({ name, at: childRef(at, "state_name"), terminal, transient });
