import type { MachineModel, NameRef } from "./model-parts.ts";
import type { EffectModel, EmissionModel } from "./read-effects.ts";

interface Asking {
  readonly effects: readonly EffectModel[];
  readonly emissions: readonly EmissionModel[];
  readonly onPurge: readonly NameRef[];
  readonly reducer: MachineModel;
}

/** Where effects are left out: without the actions whose intents nothing carries out. */
export function carriedOut(asking: Asking): Asking {
  const taken = new Set(asking.effects.map(({ intent }) => intent.written));
  const left = asking.emissions.filter(({ intent }) => !taken.has(intent.written));
  const actions = new Set(left.map(({ action }) => action.written));
  const isRun = ({ written }: NameRef): boolean => !actions.has(written);
  return {
    effects: asking.effects,
    emissions: asking.emissions.filter(({ action }) => isRun(action)),
    onPurge: asking.onPurge.filter(isRun),
    reducer: withActions(asking.reducer, isRun),
  };
}

const withActions = (machine: MachineModel, isRun: (action: NameRef) => boolean): MachineModel => ({
  ...machine,
  states: new Map(
    [...machine.states].map(([name, state]) => [name, { ...state, entryActions: state.entryActions.filter(isRun) }]),
  ),
  transitions: machine.transitions.map((each) => ({ ...each, actions: each.actions.filter(isRun) })),
});
