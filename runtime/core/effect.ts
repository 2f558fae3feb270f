import type { z } from "zod";
import type { Fault } from "./fault.ts";
import type { Intent, IntentDefinition } from "./intent.ts";
import type { NewEvent } from "./message.ts";

/** How one intent ended: done (with the event that says so, when the contract lists one) or refused. */
export type Outcome =
  { readonly done: true; readonly event?: NewEvent } | { readonly done: false; readonly fault: Fault };

export interface EffectContext {
  /**
   * Aborted when the contract's timeout is over; the outcome is then unknown and the intent is tried again.
   * `traceparentOf` tells its trace.
   */
  readonly signal: AbortSignal;
}

/**
 * The only code that does I/O on behalf of a domain. Idempotent by (target, version); never decides when to try again.
 * An exception counts as a retryable UNAVAILABLE of every intent of the batch that has no outcome.
 */
export interface Effect {
  readonly intent: IntentDefinition;
  /** Fault codes that its outcomes may carry: what `retry_on` may name. */
  readonly faults: readonly string[];
  /** One outcome each, in the order of the intents. No two intents of a batch have the same target. */
  run(intents: readonly Intent<never>[], context: EffectContext): Promise<readonly Outcome[]>;
}

export const effect = <Shape extends z.ZodRawShape>(
  intent: IntentDefinition<Shape>,
  faults: readonly string[],
  run: (intents: readonly Intent<IntentPayload<Shape>>[], context: EffectContext) => Promise<readonly Outcome[]>,
): Effect => ({ intent, faults, run: run as unknown as Effect["run"] });

export type IntentPayload<Shape extends z.ZodRawShape> = z.infer<z.ZodObject<Shape>> & {
  readonly version: number;
  readonly correlation_id: string;
};

export const done = (event?: NewEvent): Outcome => (event ? { done: true, event } : { done: true });
export const failed = (fault: Fault): Outcome => ({ done: false, fault });
