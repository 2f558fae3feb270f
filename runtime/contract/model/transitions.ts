import { closureOf } from "./closure.ts";
import type { DomainModel, EventRef, MachineModel, RowModel, StateModel, TransitionModel } from "./domain-model.ts";

/** The first transition of this trigger from a state: the one that decides where none has conditions. */
const transitionOn = ({ transitions }: MachineModel, state: string, trigger: string) =>
  transitions.find(({ from, trigger: { name } }) => from.name === state && name === trigger);

/** The state that a transition enters; undefined for one to the same state, which is not entered again. */
export const enteredState = ({ states }: MachineModel, { from, to }: TransitionModel): StateModel | undefined =>
  from.name === to.name ? undefined : states.get(to.name);

/** What a transition of the reducer does: its own actions, then the entry actions of the state that it enters. */
export const actionsOf = (machine: MachineModel, transition: TransitionModel): readonly string[] =>
  [...transition.actions, ...(enteredState(machine, transition)?.entryActions ?? [])].map(({ name }) => name);

/** Every action that a transition or a state of the reducer names. */
export const reducerActionNames = ({ reducer }: DomainModel): readonly string[] =>
  [
    ...[...reducer.states.values()].flatMap(({ entryActions }) => entryActions),
    ...reducer.transitions.flatMap(({ actions }) => actions),
  ].map(({ name }) => name);

/** The states that transitions lead to, from one on, whatever their conditions. */
export const reachableFrom = ({ transitions }: MachineModel, start: string): ReadonlySet<string> =>
  closureOf([start], (state) =>
    transitions.flatMap(({ from, to }) => (from.name === state && !to.unknown ? [to.name] : [])),
  );

/** A row's event, the state that it finds, and the transition that accepts it there. */
interface OutputStep {
  readonly event: EventRef;
  readonly state: string;
  readonly transition: TransitionModel | undefined;
}

/**
 * Where a row's events lead: each meets the state that the one before led to. Ends at the first event that no
 * transition accepts, because what comes behind it was meant for another state.
 */
export function followOutputs(
  { orchestrator }: DomainModel,
  { outputs }: RowModel,
  from: string,
): readonly OutputStep[] {
  const steps: OutputStep[] = [];
  let state = from;
  for (const event of outputs) {
    if (event.unknown) break;
    const transition = transitionOn(orchestrator, state, event.name);
    steps.push({ event, state, transition });
    if (!transition || transition.to.unknown) break;
    state = transition.to.name;
  }
  return steps;
}
