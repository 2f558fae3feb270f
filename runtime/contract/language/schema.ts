import { z } from "zod";
import { LIFECYCLES } from "../../core/domain.ts";
import {
  DeadlineDuration,
  RetainDuration,
  EventName,
  EventPattern,
  ExpressionText,
  listOf,
  SnakeName,
  nonEmptyListOf,
  StateName,
  oneOrMoreStates,
  SkewDuration,
  FieldName,
  IntentType,
  TopicOfEvent,
  TopicPattern,
  VariableName,
} from "./schema-parts.ts";
import { common, kind } from "./schema-common.ts";
import { ComputeContract } from "./schema-compute.ts";
import { EffectRouting } from "./schema-effect.ts";
import { GatewayContract } from "./schema-gateway.ts";
import { HandlerRow, Refusals } from "./schema-routing.ts";

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
  after: DeadlineDuration.describe(
    "How long after entering the state it fires: an integer and ms, s, m, h or d; or { longer_than: 300s }.",
  ),
  renewed_by: nonEmptyListOf(EventPattern)
    .optional()
    .describe(
      "Messages that move it forward to their event time + `renewed_for`, where their row says renew or led to events.",
    ),
  renewed_for: DeadlineDuration.optional().describe("How far a renewal moves it, as `after`."),
  expiry_guard: ExpiryGuard.optional().describe(
    "Holds expiry when so many fire at once that the fault is probably ours.",
  ),
});

const state = {
  state_name: StateName.describe("Unique in this machine."),
  description: z.string().optional().describe("What it means to be here, for people."),
  rests: z.boolean().optional().describe("Nobody waits for the entity to leave it."),
  is_transient: z.boolean().optional().describe("Left within the same step: an entity never stays in it."),
};

const OrchestratorState = z.strictObject({
  ...state,
  is_terminal: z.boolean().optional().describe("An attempt ends here, or a document."),
  stays: z.boolean().optional().describe("With `rests`, in a document: it need not be possible to leave it."),
  deadline: Deadline.optional().describe("Armed on entering the state, disarmed on leaving it."),
  retain: RetainDuration.optional().describe(
    "How long an entity that ended here is kept, at least 7d; then it is purged. Default: for good.",
  ),
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
  from_bus: z
    .literal("trusted")
    .optional()
    .describe(
      "trusted: taken also from whoever writes to the topic, as sent by nobody, though rows or handler read `caller` " +
        "or `loaded`. Default: such a message is declined unless it came through a gateway.",
    ),
  other_types: z
    .literal("skip")
    .optional()
    .describe(
      "skip: the topic's messages of types that no row names are only counted. Default: they are dead letters.",
    ),
});

const PublishedEvent = z.strictObject({
  topic: TopicOfEvent.optional().describe(
    "{env} and {namespace} are filled from the environment; topics may repeat. " +
      "none: the event is not written to the bus, only to journal, timeline and streams. " +
      "Default {env}.{namespace}.<domain>.evt.v1.",
  ),
  event_type: EventName.describe("The payload type, one for each event that a handler may return."),
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
  lifecycle: z
    .enum(LIFECYCLES)
    .optional()
    .describe(
      "attempts: one after the other, the default. document: changed whenever it rests; `attempt` is left out. " +
        "once: one attempt, then the end.",
    ),
  attempt: Attempt.optional().describe("What opens an attempt, and the field that carries its id."),
  max_clock_skew: SkewDuration.optional().describe("Bound on a sender's clock. Default 5s."),
  consumed_events: nonEmptyListOf(ConsumedEvent).describe("What is read from the bus."),
  refusals: Refusals.optional(),
  published_events: listOf(PublishedEvent).describe("What handlers may return, and the topics to which it is written."),
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
  on_purge: nonEmptyListOf(SnakeName)
    .optional()
    .describe("Actions of intent_emission that run when an entity is purged: what backends hold of it goes too."),
  invariants: Invariants.optional(),
});

export const EffectContract = z.strictObject({
  ...common,
  node_type: kind("EFFECT"),
  where_set: VariableName.optional().describe(
    "A variable of the configuration: where it is not set, none of this is there, and what it would carry out is not " +
      "asked for. Default: it is there everywhere.",
  ),
  handler_routing: EffectRouting.describe("Who carries out which intent, and how."),
});

export type OrchestratorContract = z.infer<typeof OrchestratorContract>;
export type ReducerContract = z.infer<typeof ReducerContract>;
export type EffectContract = z.infer<typeof EffectContract>;
export type Contract = OrchestratorContract | ReducerContract | EffectContract | ComputeContract | GatewayContract;

/** The schema of each kind, by `node_type`. */
export const CONTRACT_SCHEMAS = {
  ORCHESTRATOR: OrchestratorContract,
  REDUCER: ReducerContract,
  EFFECT: EffectContract,
  COMPUTE: ComputeContract,
  GATEWAY: GatewayContract,
} as const;
