import type { z } from "zod";
import type { NewEvent, Payload } from "./message.ts";

/** An intent as a builder returns it; the runtime adds the rest. */
export type NewIntent = NewEvent;
/** Returned by a builder when there is nothing to do. */
export const noIntent = null;

/** What an effect is asked for. */
export interface IntentDefinition<Shape extends z.ZodRawShape = z.ZodRawShape> {
  readonly intentType: string;
  readonly shape: Shape;
  of(payload: z.input<z.ZodObject<Shape>>): NewIntent;
}

/** An intent type: lower case with dots, such as `mail.send`. */
export function intent<Shape extends z.ZodRawShape>(intentType: string, shape: Shape): IntentDefinition<Shape> {
  return { intentType, shape, of: (payload) => ({ type: intentType, payload: payload as Payload }) };
}

/** A request to an effect, as it is stored and executed. */
export interface Intent<Fields = Payload> {
  /** UUIDv5, derived: the idempotency key. */
  readonly id: string;
  readonly entityId: string;
  readonly attemptId: string;
  readonly type: string;
  /** Such as `warehouse://stock/42`. Intents of one target run one at a time, in order. */
  readonly target: string;
  /** `entity_seq` of the event that caused it: an older version never overwrites a newer one. */
  readonly version: number;
  readonly correlationId: string;
  /** W3C traceparent of the message that caused it. */
  readonly traceparent?: string | undefined;
  /** The builder's payload with `intent_type`, `correlation_id`, the attempt's id and `version`. */
  readonly payload: Fields;
}
