import { z } from "zod";
import {
  LongDuration,
  EventName,
  EventPattern,
  ExpressionText,
  listOf,
  SnakeName,
  nonEmptyListOf,
  StateName,
  oneOrMoreStates,
} from "./schema-parts.ts";

const ExpiryGuard = z.strictObject({
  max_ratio: z
    .number()
    .gt(0)
    .max(1)
    .describe("Expiry of the state is held when at least this share of its entities would expire at once."),
  min_count: z.int().min(1).describe("... and at least this many entities."),
});

const Deadline = z.strictObject({
  name: SnakeName.describe("Handlers and `deadline(name)` refer to it."),
  after: LongDuration.describe("How long after entering the state it fires: an integer and ms, s, m, h or d."),
  renewed_by: nonEmptyListOf(EventPattern)
    .optional()
    .describe("Messages that move it forward to their event time + `renewed_for`."),
  renewed_for: LongDuration.optional().describe("How far a renewal moves it."),
  expiry_guard: ExpiryGuard.optional().describe(
    "Holds expiry when so many fire at once that the fault is probably ours.",
  ),
});

const state = {
  state_name: StateName.describe("Unique in this machine."),
  description: z.string().optional().describe("What it means to be here, for people."),
  is_terminal: z.boolean().optional().describe("The entity may rest here for good."),
  is_transient: z.boolean().optional().describe("Left within the same step: an entity never stays in it."),
};

const OrchestratorState = z.strictObject({
  ...state,
  deadline: Deadline.optional().describe("Armed on entering the state, disarmed on leaving it."),
});

const OrchestratorTransition = z.strictObject({
  from_state: oneOrMoreStates(StateName.nullable()).describe("A state, null (no entity yet) or a list of them."),
  trigger: EventPattern.describe("An event that a handler returned, or published(Event)."),
  to_state: StateName.describe("The state to enter; the same state is not entered again."),
});

export const OrchestratorMachine = z.strictObject({
  state_machine_name: SnakeName.describe("Name of the machine, shown in exports."),
  initial_state: z.null().describe("null: no entity yet."),
  states: nonEmptyListOf(OrchestratorState).describe("Every state but null."),
  transitions: nonEmptyListOf(OrchestratorTransition).describe(
    "What events do to the state; the first that fits decides.",
  ),
});

const ReducerState = z.strictObject({
  ...state,
  entry_actions: listOf(SnakeName).optional().describe("Run after the transition's actions when the state is entered."),
  raises: EventName.optional().describe("Routed to the orchestrator's handlers when the state is entered."),
});

const ExpressionCondition = z.strictObject({
  expression: ExpressionText.describe("`<path> <test> [value]`, joined by and / or: unconfirmed == 0"),
});

const ReducerTransition = z.strictObject({
  from_state: oneOrMoreStates(StateName).describe("A state or a list of states."),
  trigger: SnakeName.describe("A trigger that `consumed_events` names."),
  to_state: StateName.describe("The state to enter; the same state is not entered again."),
  conditions: listOf(ExpressionCondition).optional().describe("All must hold."),
  actions: listOf(SnakeName)
    .optional()
    .describe("State updates of the code, and intents of `intent_emission`, in order."),
});

export const ReducerMachine = z.strictObject({
  state_machine_name: SnakeName.describe("Name of the machine, shown in exports."),
  initial_state: StateName.describe("Where an entity begins, and where nothing is owed."),
  states: nonEmptyListOf(ReducerState).describe("Every state."),
  transitions: nonEmptyListOf(ReducerTransition).describe(
    "What triggers do to the state; the first that fits decides.",
  ),
});
