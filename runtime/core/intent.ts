import type { z } from "zod";
import type { Payload } from "./message.ts";

/** An intent as a builder returns it; correlation id, attempt and version come from the runtime. */
export interface NewIntent {
  readonly type: string;
  readonly payload: Payload;
}
/** A builder's word that nothing is to be done. */
export const noIntent = null;

export interface IntentDefinition<Shape extends z.ZodRawShape = z.ZodRawShape> {
  readonly intentType: string;
  readonly shape: Shape;
  of(payload: z.input<z.ZodObject<Shape>>): NewIntent;
}

export function intent<Shape extends z.ZodRawShape>(intentType: string, shape: Shape): IntentDefinition<Shape> {
  return { intentType, shape, of: (payload) => ({ type: intentType, payload: payload as Payload }) };
}

/** A request to an effect, as it is stored and carried out. */
export interface Intent<Fields = Payload> {
  /** UUIDv5, derived: the idempotency key. */
  readonly id: string;
  readonly entityId: string;
  readonly attemptId: string;
  readonly type: string;
  /** `warehouse://stock/42`: intents of one target run one at a time, in order. */
  readonly target: string;
  /** `entity_seq` of the event that asked for it: an older version never overwrites a younger one. */
  readonly version: number;
  readonly correlationId: string;
  /** W3C, of the message that asked for it. */
  readonly traceparent?: string | undefined;
  /** The builder's payload, and `intent_type`, `correlation_id`, the attempt's id and `version`. */
  readonly payload: Fields;
}
