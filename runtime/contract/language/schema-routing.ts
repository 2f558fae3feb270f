import { z } from "zod";
import { REFUSAL_KINDS } from "../../core/refusal.ts";
import {
  CodeName,
  EventAlternatives,
  EventPattern,
  ExpressionText,
  LIST_LENGTH_MAX,
  listOf,
  nonEmptyListOf,
  oneOrMoreStates,
  RefusalCode,
  SnakeName,
  StateName,
} from "./schema-parts.ts";

const Refusal = z.strictObject({
  kind: z.enum(REFUSAL_KINDS).describe("What kind of answer it is: a gateway makes a status of it."),
  message: z.string().min(1).max(500).describe("For people: why the message is not taken."),
});

/** By code. */
export const Refusals = z
  .record(RefusalCode, Refusal)
  .refine((refusals) => Object.keys(refusals).length <= LIST_LENGTH_MAX, `at most ${LIST_LENGTH_MAX}`)
  .describe("The answers to messages that the contract does not take, by code: NOT_OWNER: { kind, message }.");

const MatrixRow = z.strictObject({
  current_state: oneOrMoreStates(z.union([z.null(), z.literal("*"), StateName])).describe(
    'A state, null (no entity yet), a list, or "*": any state that no row above took.',
  ),
  when: ExpressionText.optional().describe("Another condition: `<path> <test> [value]`, joined by and / or."),
  action: SnakeName.optional().describe(
    "A function of the handler, no_op, or renew, which moves deadlines. Without a handler: no function.",
  ),
  refuse: RefusalCode.optional().describe("Instead of an action: the message is declined with this of `refusals`."),
  reason: z.string().min(1).max(500).optional().describe("Why nothing happens: journaled with a no_op."),
  output_events: listOf(EventAlternatives).optional().describe("Narrows the handler's output_events."),
});

export const HandlerRow = z.strictObject({
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
  output_events: listOf(EventAlternatives)
    .optional()
    .describe("Every event that it may return, in this order. Of A | B it returns exactly one."),
  action: SnakeName.optional().describe("The function to call in any state, no_op, or renew, which moves deadlines."),
  refuse: RefusalCode.optional().describe("Instead of an action: declined in any state, with this of `refusals`."),
  reason: z.string().min(1).max(500).optional().describe("Why nothing happens: journaled with a no_op."),
  state_decision_matrix: nonEmptyListOf(MatrixRow)
    .optional()
    .describe("Which function to call in which state: the first row that fits decides."),
});

export type HandlerRow = z.infer<typeof HandlerRow>;
export type MatrixRow = z.infer<typeof MatrixRow>;
