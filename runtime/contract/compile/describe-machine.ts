import type { DeadlineSpec } from "../../core/domain.ts";
import type { MachineDescription } from "../../core/machine.ts";
import type { DeadlineModel, MachineModel } from "../model/domain-model.ts";
import { requireCondition, requireDurationMs, requireState } from "./require.ts";

/** One of the two machines, as the core's tables and the exports are made from it. */
export function describeMachine({ name, initial, states, transitions }: MachineModel): MachineDescription {
  return {
    name,
    initial,
    states: [...states.values()].map(({ name: state, terminal, transient, deadline, raises, entryActions }) => ({
      ...{ name: state, terminal, transient },
      ...(deadline && { deadline: deadlineOf(deadline) }),
      ...(raises && { raises: raises.written }),
      entryActions: entryActions.map(({ written }) => written),
    })),
    transitions: transitions.map(({ from, trigger, to, conditions, actions }) => ({
      from: [requireState(from)],
      trigger: trigger.written,
      to: requireState(to),
      conditions: conditions.map((each) => ({ text: each.text, holds: requireCondition(each) })),
      actions: actions.map(({ written }) => written),
    })),
  };
}

const deadlineOf = ({ name, after, renewedBy, renewedFor, expiryGuard }: DeadlineModel): DeadlineSpec => ({
  name,
  afterMs: requireDurationMs(after),
  renewedBy: new Set(renewedBy.map(({ written }) => written)),
  renewedForMs: requireDurationMs(renewedFor),
  ...(expiryGuard && { expiryGuard }),
});
