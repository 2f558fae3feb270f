import type { z } from "zod";
import type { Fault } from "./fault.ts";
import type { Intent, IntentDefinition } from "./intent.ts";
import type { NewEvent } from "./message.ts";

/** The answer to one intent: done, with an event when the contract lists one; failed; or not yet, with a note. */
export type Outcome =
  | { readonly done: true; readonly event?: NewEvent; readonly fault?: undefined; readonly notYet?: undefined }
  | { readonly done: false; readonly fault: Fault; readonly notYet?: undefined }
  | { readonly done: false; readonly fault?: undefined; readonly notYet: string };

export interface EffectContext {
  /**
   * Aborted at the contract's timeout; the outcome is then unknown, and the intent is tried again.
   * `traceparentOf` gives the trace that the call is part of.
   */
  readonly signal: AbortSignal;
}

/**
 * The only code of a domain that does I/O. Idempotent by (target, version); the runtime decides when to try again. An
 * exception counts as a retryable UNAVAILABLE for every intent of the batch.
 */
export interface Effect {
  readonly intent: IntentDefinition;
  /** Fault codes that its outcomes may have; `retry_on` may name these. */
  readonly faults: readonly string[];
  /** @returns one outcome for each intent, in their order. No two intents of a batch have the same target. */
  run(intents: readonly Intent<never>[], context: EffectContext): Promise<readonly Outcome[]>;
}

/**
 * An effect: what carries intents of a type out.
 * @param faults codes that its outcomes may have
 * @param run see `Effect.run`
 */
export const effect = <Shape extends z.ZodRawShape>(
  intent: IntentDefinition<Shape>,
  faults: readonly string[],
  run: (intents: readonly Intent<IntentPayload<Shape>>[], context: EffectContext) => Promise<readonly Outcome[]>,
): Effect => ({ intent, faults, run: run as unknown as Effect["run"] });

/** What a builder made, with what the runtime adds. */
export type IntentPayload<Shape extends z.ZodRawShape> = z.infer<z.ZodObject<Shape>> & {
  readonly version: number;
  readonly correlation_id: string;
};

/** Carried out; with the event that the contract lists under `output_events`. */
export const done = (event?: NewEvent): Outcome => (event ? { done: true, event } : { done: true });
/** Not carried out: the contract's `retry_policy` decides whether it is tried again. */
export const failed = (fault: Fault): Outcome => ({ done: false, fault });
/**
 * It goes on elsewhere: a job runs, a person decides. The effect is asked again as the contract's `ask_again` says,
 * until it answers otherwise, the attempt that asked for it is over, or a younger intent of its target is there. No try
 * is used.
 * @param note what it waits for, for people: at most 300 characters are kept
 */
export const notYet = (note: string): Outcome => ({ done: false, notYet: note });
