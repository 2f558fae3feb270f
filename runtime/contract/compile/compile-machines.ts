import { compileExpression } from "../../core/condition.ts";
import { NO_ENTITY, type Condition, type DeadlineSpec, type StateSpec } from "../../core/domain.ts";
import { parseExpression } from "../../core/expression.ts";
import type { MachineDescription } from "../../core/machine.ts";
import type { OrchestratorContract, ReducerContract } from "../language/schema.ts";
import { durationMs, stateList } from "../language/schema-parts.ts";

type Deadline = NonNullable<OrchestratorContract["state_machine"]["states"][number]["deadline"]>;

/** Milliseconds of a duration that the loader let pass. */
export function requireDurationMs(text: string): number {
  const ms = durationMs(text);
  if (ms === undefined) throw new Error(`${text} is no duration: compile only what was checked`);
  return ms;
}

/** The condition of an expression that the checks let pass. */
export function requireCondition(text: string): Condition {
  const read = parseExpression(text);
  if ("problem" in read) throw new Error(`${text}: ${read.problem.message}: compile only what was checked`);
  return compileExpression(read.expression);
}

/** A state's name inside a machine, where null has one too. */
export const machineStateName = (state: string | null): string => state ?? NO_ENTITY;

const deadlineOf = ({ name, after, renewed_by = [], renewed_for = after, expiry_guard }: Deadline): DeadlineSpec => ({
  name,
  afterMs: requireDurationMs(after),
  renewedBy: new Set(renewed_by),
  renewedForMs: requireDurationMs(renewed_for),
  ...(expiry_guard && { expiryGuard: { maxRatio: expiry_guard.max_ratio, minCount: expiry_guard.min_count } }),
});

const stateOf = (state: {
  state_name: string;
  is_terminal?: boolean | undefined;
  is_transient?: boolean | undefined;
}) => ({
  name: state.state_name,
  terminal: state.is_terminal ?? false,
  transient: state.is_transient ?? false,
});

// Nothing is owed to an entity that is not there, so it may stay away for good.
const NO_ENTITY_STATE: StateSpec = { name: NO_ENTITY, terminal: true, transient: false };

/** The orchestrator's machine; null is `NO_ENTITY`. Also what graphs and exports are made from. */
export function describeOrchestrator({ state_machine: machine }: OrchestratorContract): MachineDescription {
  return {
    name: machine.state_machine_name,
    initial: NO_ENTITY,
    states: [
      NO_ENTITY_STATE,
      ...machine.states.map((state) =>
        state.deadline ? { ...stateOf(state), deadline: deadlineOf(state.deadline) } : stateOf(state),
      ),
    ],
    transitions: machine.transitions.map(({ from_state, trigger, to_state }) => ({
      from: stateList(from_state).map(machineStateName),
      trigger,
      to: to_state,
    })),
  };
}

/** The reducer's machine. */
export function describeReducer({ state_machine: machine }: ReducerContract): MachineDescription {
  return {
    name: machine.state_machine_name,
    initial: machine.initial_state,
    states: machine.states.map((state) => ({
      ...stateOf(state),
      ...(state.raises === undefined ? {} : { raises: state.raises }),
      entryActions: state.entry_actions ?? [],
    })),
    transitions: machine.transitions.map(({ from_state, trigger, to_state, conditions = [], actions = [] }) => ({
      from: stateList(from_state),
      trigger,
      to: to_state,
      conditions: conditions.map(({ expression }) => ({ text: expression, holds: requireCondition(expression) })),
      actions,
    })),
  };
}
