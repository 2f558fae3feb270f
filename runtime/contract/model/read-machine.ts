import { NO_ENTITY } from "../../core/domain.ts";
import type { OrchestratorContract, ReducerContract } from "../language/schema.ts";
import { childRef, itemsWithRefs, type LoadedContract, type SourceRef, sourceRef } from "../reading/contract-source.ts";
import { firstByKey } from "./first-by-key.ts";
import type { DeadlineModel, MachineModel, NameRef, StateModel } from "./model-parts.ts";
import { type EventReader, expressionRef, type NameLookup, type ReadContext } from "./name-resolver.ts";

type OrchestratorMachine = OrchestratorContract["state_machine"];
type ReducerMachine = ReducerContract["state_machine"];
type State = OrchestratorMachine["states"][number] & ReducerMachine["states"][number];
type FromState = Pick<OrchestratorMachine["transitions"][number], "from_state">;

/** The orchestrator's or the reducer's: a key that only the other one has is never there. */
interface AnyMachine extends Pick<OrchestratorMachine | ReducerMachine, "state_machine_name"> {
  readonly initial_state?: string | null | undefined;
  readonly states: readonly State[];
  readonly transitions: readonly (FromState & Omit<ReducerMachine["transitions"][number], "from_state">)[];
}

type MachineSource = LoadedContract<OrchestratorContract> | LoadedContract<ReducerContract>;

export const machineStateName = (state: string | null): string => state ?? NO_ENTITY;

/** How a state's name is looked up, in the orchestrator's machine or the reducer's. */
export function stateLookup(source: MachineSource): NameLookup {
  const { states, initial_state = null }: AnyMachine = source.contract.state_machine;
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

/** @param state how its states' names are looked up */
export function readMachine<Trigger extends NameRef>(
  source: MachineSource,
  { names, event, action: actionLookup }: ReadContext,
  state: NameLookup,
  readTrigger: (text: string, at: SourceRef) => Trigger,
): MachineModel<Trigger> {
  const { contract } = source;
  const { state_machine_name: name = contract.name, ...machine }: AnyMachine = contract.state_machine;
  const { initial_state = null, states, transitions } = machine;
  const at = sourceRef(source, "state_machine");
  const resolveState = (written: string | null, stateAt: SourceRef): NameRef =>
    names.resolve(machineStateName(written), stateAt, state);
  const readActions = (actions: readonly string[] = [], actionsAt: SourceRef): readonly NameRef[] =>
    actions.map((action, index) => names.resolve(action, childRef(actionsAt, index), actionLookup));
  const readState = (row: State, index: number): StateModel => {
    const stateAt = childRef(at, "states", index);
    return {
      ...{ name: row.state_name, at: childRef(stateAt, "state_name") },
      ...{ terminal: row.is_terminal ?? false, transient: row.is_transient ?? false },
      ...{ rests: row.rests ?? false, stays: row.stays ?? false },
      entryActions: readActions(row.entry_actions, childRef(stateAt, "entry_actions")),
      ...(row.raises !== undefined && { raises: event(row.raises, childRef(stateAt, "raises")) }),
      ...(row.retain !== undefined && { retain: row.retain }),
      ...(row.deadline && { deadline: readDeadline(row.deadline, childRef(stateAt, "deadline"), event) }),
    };
  };
  const initial = resolveState(initial_state, childRef(at, "initial_state"));
  // Nothing is owed to an entity that is not there, so it may stay away for good.
  const kept = { terminal: true, rests: false, stays: false, transient: false };
  const noEntity = { name: NO_ENTITY, at: initial.at, ...kept, entryActions: [] };
  const declaredStates = [...(initial_state === null ? [noEntity] : []), ...states.map(readState)];
  return {
    ...{ name, initial: initial.name, initialAt: initial.at, declaredStates },
    states: firstByKey(declaredStates.map((each) => [each.name, each])),
    transitions: transitions.flatMap(({ from_state, to_state, trigger, conditions = [], actions }, index) => {
      const transitionAt = childRef(at, "transitions", index);
      const shared = {
        ...{ index, at: transitionAt },
        trigger: readTrigger(trigger, childRef(transitionAt, "trigger")),
        conditions: conditions.map(({ expression }, i) =>
          expressionRef(expression, childRef(transitionAt, "conditions", i, "expression")),
        ),
        actions: readActions(actions, childRef(transitionAt, "actions")),
        to: resolveState(to_state, childRef(transitionAt, "to_state")),
      };
      const fromStates = itemsWithRefs(from_state, childRef(transitionAt, "from_state"));
      return fromStates.map((from) => ({ ...shared, from: resolveState(from.item, from.at) }));
    }),
  };
}

function readDeadline(deadline: NonNullable<State["deadline"]>, at: SourceRef, event: EventReader): DeadlineModel {
  const { name, after, renewed_by = [], renewed_for, expiry_guard: guard } = deadline;
  return {
    ...{ name, at: childRef(at, "name"), after, renewedFor: renewed_for ?? after },
    renewedBy: renewed_by.map((text, index) => event(text, childRef(at, "renewed_by", index))),
    ...(guard && { expiryGuard: { maxRatio: guard.max_ratio, minCount: guard.min_count } }),
  };
}
