import { NO_ENTITY } from "../../core/domain.ts";
import type { OrchestratorContract, ReducerContract } from "../language/schema.ts";
import type { LoadedContract } from "../reading/contract-source.ts";
import type { ExpressionRef, MachineModel, StateModel, TransitionModel } from "./domain-model.ts";
import type { NameLookup, NameRef, NameResolver } from "./name-resolver.ts";
import type { EventReader } from "./read-events.ts";
import { itemsWithRefs, sourceRef, type SourceRef, childRef } from "../reading/source-ref.ts";

export const machineStateName = (state: string | null): string => state ?? NO_ENTITY;

/** How a state's name is looked up, in the orchestrator's machine or the reducer's. */
export function stateLookup(
  source: LoadedContract<OrchestratorContract> | LoadedContract<ReducerContract>,
): NameLookup {
  const { states, initial_state } = source.contract.state_machine;
  const places = new Map(
    states.map(({ state_name }, index) => [
      state_name,
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
  event: EventReader,
): MachineModel {
  const { states, transitions } = source.contract.state_machine;
  const lookup = stateLookup(source);
  const initialAt = sourceRef(source, "state_machine", "initial_state");
  const noEntityState: StateModel = {
    name: NO_ENTITY,
    at: initialAt,
    terminal: false,
    transient: false,
    entryActions: [],
  };
  const read = states.map((state, index): StateModel => {
    const at = sourceRef(source, "state_machine", "states", index);
    const deadlineAt = childRef(at, "deadline");
    const renewedBy = (state.deadline?.renewed_by ?? []).map((text, i) =>
      event(text, childRef(deadlineAt, "renewed_by", i)),
    );
    return {
      ...commonStateFields(state, at),
      entryActions: [],
      ...(state.deadline
        ? { deadline: { name: state.deadline.name, at: childRef(deadlineAt, "name"), renewedBy } }
        : {}),
    };
  });
  return {
    initial: NO_ENTITY,
    initialAt,
    states: firstByName([noEntityState, ...read]),
    transitions: transitions.flatMap((transition, index) =>
      expandTransition(names, lookup, sourceRef(source, "state_machine", "transitions", index), index, transition, {
        trigger: event(transition.trigger, sourceRef(source, "state_machine", "transitions", index, "trigger")),
        conditions: [],
        actions: [],
      }),
    ),
  };
}

export function readReducerMachine(
  source: LoadedContract<ReducerContract>,
  names: NameResolver,
  event: EventReader,
  lookups: { readonly action: NameLookup; readonly trigger: NameLookup },
): MachineModel {
  const { states, transitions, initial_state } = source.contract.state_machine;
  const lookup = stateLookup(source);
  const initialAt = sourceRef(source, "state_machine", "initial_state");
  const readActions = (actions: readonly string[] | undefined, at: SourceRef): readonly NameRef[] =>
    (actions ?? []).map((action, index) => names.resolve(action, childRef(at, index), lookups.action));
  return {
    initial: names.resolve(initial_state, initialAt, lookup).name,
    initialAt,
    states: firstByName(
      states.map((state, index): StateModel => {
        const at = sourceRef(source, "state_machine", "states", index);
        return {
          ...commonStateFields(state, at),
          entryActions: readActions(state.entry_actions, childRef(at, "entry_actions")),
          ...(state.raises === undefined ? {} : { raises: event(state.raises, childRef(at, "raises")) }),
        };
      }),
    ),
    transitions: transitions.flatMap((transition, index) => {
      const at = sourceRef(source, "state_machine", "transitions", index);
      const conditions = (transition.conditions ?? []).map(({ expression }, i): ExpressionRef => {
        return { text: expression, at: childRef(at, "conditions", i, "expression") };
      });
      return expandTransition(names, lookup, at, index, transition, {
        trigger: names.resolve(transition.trigger, childRef(at, "trigger"), lookups.trigger),
        conditions,
        actions: readActions(transition.actions, childRef(at, "actions")),
      });
    }),
  };
}

function expandTransition(
  names: NameResolver,
  lookup: NameLookup,
  at: SourceRef,
  index: number,
  {
    from_state,
    to_state,
  }: { readonly from_state: string | null | readonly (string | null)[]; readonly to_state: string },
  rest: Pick<TransitionModel, "trigger" | "conditions" | "actions">,
): readonly TransitionModel[] {
  const to = names.resolve(to_state, childRef(at, "to_state"), lookup);
  return itemsWithRefs(from_state, childRef(at, "from_state")).map(({ item, at: stateAt }) => {
    const from = names.resolve(machineStateName(item), stateAt, lookup);
    return { index, at, from, to, ...rest };
  });
}

const commonStateFields = (
  state: {
    readonly state_name: string;
    readonly is_terminal?: boolean | undefined;
    readonly is_transient?: boolean | undefined;
  },
  at: SourceRef,
) => ({
  name: state.state_name,
  at: childRef(at, "state_name"),
  terminal: state.is_terminal ?? false,
  transient: state.is_transient ?? false,
});

/** Of a state declared twice the first counts; the second is reported as such (RC109). */
function firstByName(states: readonly StateModel[]): ReadonlyMap<string, StateModel> {
  const found = new Map<string, StateModel>();
  for (const state of states) if (!found.has(state.name)) found.set(state.name, state);
  return found;
}
