import { z } from "zod";
import {
  BackendPattern,
  CodeName,
  ShortDuration,
  EventName,
  FaultCode,
  IntentType,
  listOf,
  SnakeName,
  nonEmptyListOf,
} from "./schema-parts.ts";

/** What an effect gets where neither its row nor `defaults` says otherwise. */
export const EFFECT_DEFAULTS = {
  timeout: "5s",
  batch: { max: 100 },
  concurrency: 4,
  retry_policy: {
    max_retries: 10 as number | "unlimited",
    initial_delay: "100ms",
    exponential_base: 2,
    max_delay: "30s",
    jitter: 0.2,
  },
  circuit_breaker: { failure_threshold: 5, reset_timeout: "10s" },
  ask_again: { first: "200ms", max: "2s" },
};

const RetryPolicy = z.strictObject({
  max_retries: z
    .union([z.int().min(0).max(10_000), z.literal("unlimited")])
    .optional()
    .describe("Tries after the first, or unlimited: then an intent never fails. Default 10."),
  initial_delay: ShortDuration.optional().describe("Wait before the first retry. Default 100ms."),
  exponential_base: z
    .number()
    .min(1)
    .max(10)
    .optional()
    .describe("Each wait is so many times the one before. Default 2."),
  max_delay: ShortDuration.optional().describe("The longest wait. Default 30s, or initial_delay if that is longer."),
  jitter: z.number().min(0).max(1).optional().describe("Share of the wait that is random, 0 to 1. Default 0.2."),
  retry_on: nonEmptyListOf(FaultCode)
    .optional()
    .describe("Fault codes that are tried again. Default: every fault marked retryable."),
});

const CircuitBreaker = z.strictObject({
  failure_threshold: z.int().min(1).max(1_000).optional().describe("Failures in a row that open it. Default 5."),
  reset_timeout: ShortDuration.optional().describe("How long it stays open before one try. Default 10s."),
});

const AskAgain = z.strictObject({
  first: ShortDuration.optional().describe("Wait after the first answer; it doubles with each. Default 200ms."),
  max: ShortDuration.optional().describe("The longest wait. Default 2s, or first if that is longer."),
});

const shared = {
  timeout: ShortDuration.optional().describe(
    "Of one batch; then the outcome is unknown and the intents are tried again. Default 5s.",
  ),
  batch: z
    .strictObject({ max: z.int().min(1).max(10_000).describe("Intents in one call. Default 100.") })
    .optional()
    .describe("How many intents one call takes."),
  concurrency: z.int().min(1).max(256).optional().describe("Batches in flight, of each value of backend. Default 4."),
  retry_policy: RetryPolicy.optional().describe(
    "When a failed intent is tried again; merged with the defaults key by key.",
  ),
  circuit_breaker: CircuitBreaker.optional().describe(
    "One per value of backend: while it is open nothing is sent and no retry is used up.",
  ),
  ask_again: AskAgain.optional().describe(
    "When an effect that answered not yet is asked again; no retry is used up. Merged with the defaults key by key.",
  ),
};

const EffectDefaults = z.strictObject(shared);

const EffectHandler = z.strictObject({
  operation: SnakeName.describe("A label for people; may repeat."),
  intent_type: IntentType.describe("The intents that this row takes."),
  handler: z.strictObject({ name: CodeName.describe("The effect in code.") }).describe("What carries the intents out."),
  backend: BackendPattern.describe(
    "What it writes to. With /{field}, of the payload, each value has its own breaker and calls.",
  ),
  output_events: listOf(EventName).optional().describe("Outcome events that it may report; empty: it reports none."),
  ...shared,
  compensated_by: IntentType.optional().describe(
    "The intent that compensates it when an attempt does not end in success.",
  ),
});

export const EffectRouting = z.strictObject({
  routing_strategy: z
    .literal("operation_match")
    .optional()
    .describe("operation_match, the only value: a row for each intent type."),
  execution_mode: z.literal("parallel").optional().describe("parallel, the only value: sequences are states."),
  partial_failure_handling: z
    .literal(true)
    .optional()
    .describe("true, the only value: one backend's failure leaves the others alone."),
  defaults: EffectDefaults.optional().describe("What handlers share; a handler may state its own."),
  handlers: nonEmptyListOf(EffectHandler).describe("A row for each intent type."),
});
