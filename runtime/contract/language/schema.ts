import { z } from "zod";
import { EffectRouting } from "./schema-effect.ts";
import { OrchestratorMachine, ReducerMachine } from "./schema-machine.ts";
import {
  CodeName,
  SkewDuration,
  EventName,
  EventPattern,
  ExpressionText,
  FieldName,
  IntentType,
  LowerCaseName,
  listOf,
  SnakeName,
  nonEmptyListOf,
  StateName,
  oneOrMoreStates,
  TopicPattern,
} from "./schema-parts.ts";

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
  domain: LowerCaseName.describe("The domain it belongs to: one orchestrator, one reducer and any number of effects."),
  metadata: z.unknown().optional().describe("Free content for people; nothing reads it."),
};

const kind = <Kind extends string>(name: Kind) => z.literal(name).describe("ORCHESTRATOR, REDUCER or EFFECT.");

const Attempt = z.strictObject({
  id: FieldName.describe("The field that carries the attempt's id."),
  started_by: EventName.describe("The event that opens an attempt."),
});

const ConsumedEvent = z.strictObject({
  topic: TopicPattern.describe("{env} and {namespace} are filled from the environment."),
  event_type: EventName.describe("The payload type that the topic carries."),
  journal: z
    .boolean()
    .optional()
    .describe("false: its no-ops and renewals are counted instead of journaled. Default true."),
});

const PublishedEvent = z.strictObject({
  topic: TopicPattern.describe("{env} and {namespace} are filled from the environment; topics may repeat."),
  event_type: EventName.describe("The payload type, one for each event that a handler may return."),
});

const MatrixRow = z.strictObject({
  current_state: oneOrMoreStates(z.union([z.null(), z.literal("*"), StateName])).describe(
    'A state, null (no entity yet), a list, or "*": any state that no row above took.',
  ),
  when: ExpressionText.optional().describe("Another condition: `<path> <test> [value]`, joined by and / or."),
  action: SnakeName.describe("A function of the handler, or no_op."),
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
    .describe("Its pure functions, one for each action."),
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
  attempt: Attempt.describe("What opens an attempt, and the field that carries its id."),
  max_clock_skew: SkewDuration.optional().describe("Bound on a sender's clock. Default 5s."),
  consumed_events: nonEmptyListOf(ConsumedEvent).describe("What is read from the bus."),
  published_events: listOf(PublishedEvent).describe("What is written to the bus."),
  dead_letter_topic: TopicPattern.describe("Where messages go that can't be decoded, validated, routed or stepped."),
  handler_routing: z
    .strictObject({
      routing_strategy: z
        .literal("payload_type_match")
        .describe("payload_type_match: a handler for each payload type."),
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
