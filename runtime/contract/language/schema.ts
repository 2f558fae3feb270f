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
  CodeName,
  SkewDuration,
  FieldName,
  IntentType,
  LowerCaseName,
  TopicPattern,
} from "./schema-parts.ts";
import { EffectRouting } from "./schema-effect.ts";

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

const OrchestratorMachine = z.strictObject({
  state_machine_name: SnakeName.optional().describe("Shown in exports. Default: the contract's name."),
  initial_state: z.null().optional().describe("null, the only value: no entity yet."),
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

const ReducerMachine = z.strictObject({
  state_machine_name: SnakeName.optional().describe("Shown in exports. Default: the contract's name."),
  initial_state: StateName.describe("Where an entity begins, and where nothing is owed."),
  states: nonEmptyListOf(ReducerState).describe("Every state."),
  transitions: nonEmptyListOf(ReducerTransition).describe(
    "What triggers do to the state; the first that fits decides.",
  ),
});

const version = (what: string) => z.int().min(0).describe(what);

const common = {
  name: SnakeName.describe("Unique among all contracts."),
  description: z.string().optional().describe("What this contract is for, for people."),
  contract_version: z
    .strictObject({
      major: version("Rises when readers must change."),
      minor: version("Rises with every addition."),
      patch: version("Rises with every correction."),
    })
    .describe("Rises when the content changes."),
  domain: LowerCaseName.describe(
    "The domain it belongs to: one orchestrator, at most one reducer, any number of effects.",
  ),
  metadata: z.unknown().optional().describe("Free content for people; nothing reads it."),
};

const kind = <Kind extends string>(name: Kind) => z.literal(name).describe("ORCHESTRATOR, REDUCER or EFFECT.");

export const DEFAULT_ATTEMPT_ID = "attempt_id";

const Attempt = z.strictObject({
  id: FieldName.optional().describe("The field that carries the attempt's id. Default attempt_id."),
  started_by: EventName.optional().describe(
    "The event that opens an attempt. Default: the one event whose transitions lead from null.",
  ),
});

const ConsumedEvent = z.strictObject({
  topic: TopicPattern.optional().describe(
    "{env} and {namespace} are filled from the environment; topics may repeat. " +
      "Default {env}.{namespace}.<domain>.cmd.v1, with `journal: false` ...beat.v1.",
  ),
  event_type: EventName.describe("A payload type that the topic carries."),
  journal: z
    .boolean()
    .optional()
    .describe("false: its no-ops and renewals are counted instead of journaled. Default true."),
  other_types: z
    .literal("skip")
    .optional()
    .describe(
      "skip: the topic's messages of types that no row names are only counted. Default: they are dead letters.",
    ),
});

const PublishedEvent = z.strictObject({
  topic: TopicPattern.optional().describe(
    "{env} and {namespace} are filled from the environment; topics may repeat. " +
      "Default {env}.{namespace}.<domain>.evt.v1.",
  ),
  event_type: EventName.describe("The payload type, one for each event that a handler may return."),
});

const MatrixRow = z.strictObject({
  current_state: oneOrMoreStates(z.union([z.null(), z.literal("*"), StateName])).describe(
    'A state, null (no entity yet), a list, or "*": any state that no row above took.',
  ),
  when: ExpressionText.optional().describe("Another condition: `<path> <test> [value]`, joined by and / or."),
  action: SnakeName.optional().describe("A function of the handler, or no_op. Without a handler: no_op or left out."),
  reason: z.string().min(1).max(500).optional().describe("Why nothing happens: journaled with a no_op."),
  output_events: listOf(EventName).optional().describe("Narrows the handler's output_events."),
});

const HandlerRow = z.strictObject({
  event_model: z
    .strictObject({
      name: EventPattern.describe(
        "An event type, a raised event, deadline(name), failed(intent.type) or published(Event).",
      ),
    })
    .describe("The message that this handler takes."),
  handler: z
    .strictObject({ name: CodeName.describe("The handler in code.") })
    .optional()
    .describe("Its pure functions, one for each action. Left out: a row's one event gets the message's fields."),
  output_events: listOf(EventName).optional().describe("Every event that it may return, in this order."),
  action: SnakeName.optional().describe("The function to call in any state, or no_op."),
  reason: z.string().min(1).max(500).optional().describe("Why nothing happens: journaled with a no_op."),
  state_decision_matrix: nonEmptyListOf(MatrixRow)
    .optional()
    .describe("Which function to call in which state: the first row that fits decides."),
});

const Invariant = z.strictObject({
  never: ExpressionText.optional().describe(
    "What must not hold after any step. Paths: orchestrator, reducer, seen, owed, unconfirmed, state.",
  ),
  eventually: nonEmptyListOf(StateName)
    .optional()
    .describe("States of this machine: every attempt comes to one of them, or is superseded."),
  name: SnakeName.optional().describe("What `rollcall check` calls it."),
  description: z.string().optional().describe("Why it must be so, for people."),
});
const Invariants = listOf(Invariant).describe("What `rollcall check` verifies in every reachable state.");

export const OrchestratorContract = z.strictObject({
  ...common,
  node_type: kind("ORCHESTRATOR"),
  entity_id: FieldName.describe("The payload field that identifies the entity."),
  attempt: Attempt.optional().describe("What opens an attempt, and the field that carries its id."),
  max_clock_skew: SkewDuration.optional().describe("Bound on a sender's clock. Default 5s."),
  consumed_events: nonEmptyListOf(ConsumedEvent).describe("What is read from the bus."),
  published_events: listOf(PublishedEvent).describe("What is written to the bus."),
  dead_letter_topic: TopicPattern.optional().describe(
    "Where messages go that can't be decoded, validated, routed or stepped. " +
      "Default {env}.{namespace}.<domain>.dlq.v1.",
  ),
  handler_routing: z
    .strictObject({
      routing_strategy: z
        .literal("payload_type_match")
        .optional()
        .describe("payload_type_match, the only value: a handler for each payload type."),
      handlers: nonEmptyListOf(HandlerRow).describe("A row for each message type."),
    })
    .describe("Who decides about which message."),
  state_machine: OrchestratorMachine.describe("The entity's states as the world sees them."),
  invariants: Invariants.optional(),
});

const ReducerConsumedEvent = z.strictObject({
  event_type: EventPattern.describe("An event, an outcome or failed(intent.type)."),
  trigger: SnakeName.describe("The trigger of this machine that it stands for."),
});

const EmittedIntent = z.strictObject({
  action_name: SnakeName.describe("The action that emits it; its builder has this name."),
  intent_type: IntentType.describe("Which effect takes it."),
  target_pattern: z
    .string()
    .min(1)
    .max(500)
    .describe(
      "What it writes to; placeholders from the payload built. Intents of one target run one at a time, in order.",
    ),
});

export const ReducerContract = z.strictObject({
  ...common,
  node_type: kind("REDUCER"),
  consumed_events: nonEmptyListOf(ReducerConsumedEvent).describe("Which trigger an event, outcome or failure is."),
  state_machine: ReducerMachine.describe("What is known and owed; its data is the entity's only data."),
  intent_emission: z
    .strictObject({ intents: listOf(EmittedIntent).describe("A row for each action that emits an intent.") })
    .optional()
    .describe("Actions that ask an effect for something; any other action is a state update of the code."),
  invariants: Invariants.optional(),
});

export const EffectContract = z.strictObject({
  ...common,
  node_type: kind("EFFECT"),
  handler_routing: EffectRouting.describe("Who carries out which intent, and how."),
});

export type OrchestratorContract = z.infer<typeof OrchestratorContract>;
export type ReducerContract = z.infer<typeof ReducerContract>;
export type EffectContract = z.infer<typeof EffectContract>;
export type Contract = OrchestratorContract | ReducerContract | EffectContract;

export type HandlerRow = z.infer<typeof HandlerRow>;
export type MatrixRow = z.infer<typeof MatrixRow>;

/** The schema of each kind, by `node_type`. */
export const CONTRACT_SCHEMAS = {
  ORCHESTRATOR: OrchestratorContract,
  REDUCER: ReducerContract,
  EFFECT: EffectContract,
} as const;
