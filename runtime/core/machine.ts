import { createMachine, transition, type MachineConfig } from "xstate";
import type { TransitionResult, TransitionCell, Condition, Machine, StateSpec } from "./domain.ts";

/** Conditions of the same text are the same condition. */
interface NamedCondition {
  readonly text: string;
  readonly holds: Condition;
}

interface TransitionDescription {
  readonly from: readonly string[];
  readonly trigger: string;
  readonly to: string;
  /** All must hold. */
  readonly conditions?: readonly NamedCondition[];
  readonly actions?: readonly string[];
}

/** A state machine as a contract describes it; the first matching transition is taken. */
export interface MachineDescription {
  readonly name: string;
  readonly initial: string;
  readonly states: readonly (StateSpec & { readonly entryActions?: readonly string[] })[];
  readonly transitions: readonly TransitionDescription[];
}

/** A (state, trigger) has a result for each combination of true conditions: at most 256. */
export const CONDITIONS_MAX = 8;

/** The event that guards see: it names the conditions that hold. */
interface TriggerEvent {
  readonly type: string;
  readonly heldConditions: ReadonlySet<string>;
}
interface GuardParams {
  readonly all: readonly string[];
}

/** The machine as XState's JSON, for Stately and other tools; guards and actions are names. */
export function xstateConfigOf(description: MachineDescription) {
  const transitionsFrom = (state: string) => {
    const on = new Map<
      string,
      { target: string; guard?: { type: string; params: GuardParams }; actions: string[] }[]
    >();
    for (const each of description.transitions.filter(({ from }) => from.includes(state))) {
      const all = (each.conditions ?? []).map(({ text }) => text);
      const guard = all.length > 0 ? { guard: { type: all.join(" and "), params: { all } } } : {};
      const one = { target: each.to, ...guard, actions: [...(each.actions ?? [])] };
      on.set(each.trigger, [...(on.get(each.trigger) ?? []), one]);
    }
    return Object.fromEntries(on);
  };
  return {
    id: description.name,
    initial: description.initial,
    states: Object.fromEntries(
      description.states.map(({ name, entryActions = [] }) => [
        name,
        { entry: [...entryActions], on: transitionsFrom(name) },
      ]),
    ),
  };
}

/**
 * Calls XState's pure `transition()` once for each (state, trigger, truth of each condition) and keeps the results: the
 * semantics are XState's, and the hot path is a lookup.
 * @throws Error when a (state, trigger) has more than `CONDITIONS_MAX` different conditions
 */
export function compileMachine(description: MachineDescription): Machine {
  const machine = xstateMachineOf(description);
  const table = new Map<string, ReadonlyMap<string, TransitionCell>>();
  for (const { name } of description.states) {
    const snapshot = machine.resolveState({ value: name, context: {} });
    const cells = new Map<string, TransitionCell>();
    for (const trigger of triggersFrom(description, name)) {
      const conditions = conditionsOf(description, name, trigger);
      const answers = Array.from({ length: 2 ** conditions.length }, (_, truthMask): TransitionResult | undefined => {
        const heldConditions = new Set(
          conditions.filter((_condition, bit) => truthMask & (1 << bit)).map(({ text }) => text),
        );
        const event: TriggerEvent = { type: trigger, heldConditions };
        if (!snapshot.can(event)) return undefined;
        const [next, actions] = transition(machine, snapshot, event);
        const to = String(next.value);
        return { to, entered: to !== name, actions: actions.map(({ type }) => type) };
      });
      cells.set(trigger, { conditions: conditions.map(({ holds }) => holds), results: answers });
    }
    table.set(name, cells);
  }
  const states = description.states.map(({ entryActions: _, ...spec }) => [spec.name, spec] as const);
  return { name: description.name, initial: description.initial, states: new Map(states), table };
}

function xstateMachineOf(description: MachineDescription) {
  const guards: Record<string, (args: { event: TriggerEvent }, params: GuardParams) => boolean> = {};
  for (const { conditions = [] } of description.transitions)
    guards[conditions.map(({ text }) => text).join(" and ")] = ({ event }, { all }) =>
      all.every((text) => event.heldConditions.has(text));
  const config = xstateConfigOf(description) as unknown as MachineConfig<object, TriggerEvent>;
  return createMachine(config, { guards: guards as never });
}

const triggersFrom = ({ transitions }: MachineDescription, state: string): ReadonlySet<string> =>
  new Set(transitions.filter(({ from }) => from.includes(state)).map(({ trigger }) => trigger));

function conditionsOf({ name, transitions }: MachineDescription, state: string, trigger: string): NamedCondition[] {
  const distinct = new Map<string, NamedCondition>();
  for (const each of transitions)
    if (each.trigger === trigger && each.from.includes(state))
      for (const condition of each.conditions ?? []) distinct.set(condition.text, condition);
  if (distinct.size > CONDITIONS_MAX)
    throw new Error(`${name}: ${distinct.size} conditions for ${trigger} in ${state}, at most ${CONDITIONS_MAX}`);
  return [...distinct.values()];
}
