import { createMachine, transition, type MachineConfig } from "xstate";
import type { TransitionCell, TransitionResult, Condition, Machine, StateSpec } from "./domain.ts";

/** A state machine as a contract describes it; the first matching transition is taken. */
export interface MachineDescription {
  readonly name: string;
  readonly initial: string;
  readonly states: readonly (StateSpec & { readonly entryActions?: readonly string[] })[];
  readonly transitions: readonly {
    readonly from: readonly string[];
    readonly trigger: string;
    readonly to: string;
    /** All must hold. Conditions of the same text are the same condition. */
    readonly conditions?: readonly { readonly text: string; readonly holds: Condition }[];
    readonly actions?: readonly string[];
  }[];
}

/** A (state, trigger) has a result for each combination of true conditions: at most 256. */
export const CONDITIONS_MAX = 8;

/** The event that guards see: it names the conditions that hold. */
interface TriggerEvent {
  readonly type: string;
  readonly heldConditions: ReadonlySet<string>;
}

const guardOf = (conditions: readonly { readonly text: string }[]) => {
  const all = conditions.map(({ text }) => text);
  return { type: all.join(" and "), params: { all } };
};
type Guard = ReturnType<typeof guardOf>;
const holdsByEvent = ({ event }: { event: TriggerEvent }, { all }: Guard["params"]): boolean =>
  all.every((text) => event.heldConditions.has(text));

/** The machine as XState's JSON, for Stately and other tools; guards and actions are names. */
export function xstateConfigOf({ name: id, initial, states, transitions }: MachineDescription) {
  const transitionsFrom = (state: string) => {
    const on = new Map<string, { target: string; guard?: Guard; actions: readonly string[] }[]>();
    for (const { from, trigger, to: target, conditions = [], actions = [] } of transitions) {
      if (!from.includes(state)) continue;
      const guard = conditions.length > 0 ? { guard: guardOf(conditions) } : {};
      on.set(trigger, [...(on.get(trigger) ?? []), { target, ...guard, actions }]);
    }
    return Object.fromEntries(on);
  };
  const configOf = ({ name, entryActions: entry = [] }: (typeof states)[number]) =>
    [name, { entry, on: transitionsFrom(name) }] as const;
  return { id, initial, states: Object.fromEntries(states.map(configOf)) };
}

/**
 * Calls XState's pure `transition()` once for each (state, trigger, truth of each condition) and keeps the results: the
 * semantics are XState's, and the hot path is a lookup.
 * @throws Error when a (state, trigger) has more than `CONDITIONS_MAX` different conditions
 */
export function compileMachine(description: MachineDescription): Machine {
  const { name, initial, transitions } = description;
  const config = xstateConfigOf(description);
  const guards = Object.fromEntries(transitions.map(({ conditions = [] }) => [guardOf(conditions).type, holdsByEvent]));
  const machine = createMachine(config as unknown as MachineConfig<object, TriggerEvent>, { guards: guards as never });
  const conditionByText = new Map(
    transitions.flatMap(({ conditions = [] }) => conditions.map(({ text, holds }) => [text, holds] as const)),
  );
  const table = new Map<string, ReadonlyMap<string, TransitionCell>>();
  for (const [state, { on }] of Object.entries(config.states)) {
    const snapshot = machine.resolveState({ value: state, context: {} });
    const cells = new Map<string, TransitionCell>();
    for (const [trigger, candidates] of Object.entries(on)) {
      const texts = [...new Set(candidates.flatMap(({ guard }) => guard?.params.all ?? []))];
      if (texts.length > CONDITIONS_MAX)
        throw new Error(`${name}: ${texts.length} conditions for ${trigger} in ${state}, at most ${CONDITIONS_MAX}`);
      const results = Array.from({ length: 2 ** texts.length }, (_, truthMask): TransitionResult | undefined => {
        const heldConditions = new Set(texts.filter((_text, bit) => truthMask & (1 << bit)));
        const event: TriggerEvent = { type: trigger, heldConditions };
        if (!snapshot.can(event)) return undefined;
        const [next, actions] = transition(machine, snapshot, event);
        const to = String(next.value);
        return { to, entered: to !== state, actions: actions.map(({ type }) => type) };
      });
      cells.set(trigger, { conditions: texts.map((text) => conditionByText.get(text)!), results });
    }
    table.set(state, cells);
  }
  const states = description.states.map(({ entryActions: _, ...spec }) => [spec.name, spec] as const);
  return { initial, states: new Map(states), table };
}
