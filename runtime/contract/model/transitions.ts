import { closureOf } from "./closure.ts";
import { alternativesOf } from "./events.ts";
import type { DomainModel, MachineModel, OutputRef, RowModel, StateModel, TransitionModel } from "./domain-model.ts";

/** The first transition of this trigger from a state: the one that decides where none has conditions. */
const transitionOn = ({ transitions }: MachineModel, state: string, trigger: string) =>
  transitions.find(({ from, trigger: { name } }) => from.name === state && name === trigger);

/** The state that a transition enters; undefined for one to the same state, which is not entered again. */
export const enteredState = ({ states }: MachineModel, { from, to }: TransitionModel): StateModel | undefined =>
  from.name === to.name ? undefined : states.get(to.name);

/** What a transition of the reducer does: its own actions, then the entry actions of the state that it enters. */
export const actionsOf = (machine: MachineModel, transition: TransitionModel): readonly string[] =>
  [...transition.actions, ...(enteredState(machine, transition)?.entryActions ?? [])].map(({ name }) => name);

/** Every action that a transition or a state of the reducer names, or `on_purge`. */
export const reducerActionNames = ({ reducer, onPurge }: DomainModel): readonly string[] =>
  [
    ...onPurge,
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
  readonly event: OutputRef;
  readonly state: string;
  readonly transition: TransitionModel | undefined;
}

/**
 * Where a row's events lead: each meets the states that the one before led to, by whichever of its alternatives. A way
 * ends at the first event that no transition accepts, because what comes behind it was meant for another state.
 * @returns `ends`: the states that it may lead to when all events are accepted
 */
export function followOutputs({ orchestrator }: DomainModel, { outputs }: RowModel, from: string) {
  const steps: OutputStep[] = [];
  let ends: ReadonlySet<string> = new Set([from]);
  for (const alternatives of alternativesOf(outputs)) {
    const next = new Set<string>();
    for (const state of ends)
      for (const event of alternatives) {
        if (event.unknown) continue;
        const transition = transitionOn(orchestrator, state, event.name);
        steps.push({ event, state, transition });
        if (transition && !transition.to.unknown) next.add(transition.to.name);
      }
    ends = next;
  }
  return { steps, ends };
}
