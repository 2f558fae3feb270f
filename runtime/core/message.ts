import { z } from "zod";

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json | undefined };
/** The fields of a message, an event or an intent, as JSON has them. */
export type Payload = { readonly [key: string]: Json | undefined };

/** An event as a handler returns it; ids, attempt, correlation and sequence come from the runtime. */
export interface NewEvent {
  readonly type: string;
  readonly payload: Payload;
}

export const MESSAGE_KINDS = ["bus", "deadline", "outcome", "published", "drift"] as const;

/** The input of a step. Messages that the runtime makes itself (all but `bus`) name the attempt they belong to. */
export interface Message {
  readonly kind: (typeof MESSAGE_KINDS)[number];
  /** Payload type, or `deadline(name)`, `failed(intent.type)`, `published(Event)`, `drift(backend)`. */
  readonly type: string;
  /** UUID; the causation id of everything that its step emits. */
  readonly id: string;
  /** Whether its sender gave the id: only then can the same message stand at another place of the log. */
  readonly hasSenderId?: boolean;
  readonly entityId: string;
  readonly correlationId: string;
  readonly payload: Payload;
  /** Event time, ms since the epoch, bounded by the broker's clock; never this machine's clock. */
  readonly now: number;
  readonly attemptId?: string | undefined;
  /** The intent that an outcome answers. */
  readonly intentId?: string | undefined;
  /** Where a message from the bus stands in the log. */
  readonly origin?: { readonly topic: string; readonly partition: number; readonly offset: number } | undefined;
  readonly traceparent?: string | undefined;
}

/** The payload schema of one message type. Unknown fields are kept and are never an error (protocol.md, Payloads). */
export interface MessageDefinition<Shape extends z.ZodRawShape = z.ZodRawShape> {
  readonly messageType: string;
  /** Shown in the documents that are made from the contracts. */
  readonly description: string;
  readonly schema: z.ZodType<Payload>;
  /** The declared fields, by name: what contracts' paths are checked against. */
  readonly shape: Shape;
  /** Brings an accepted payload into its canonical form (aliases, letter case). Pure and total. */
  readonly normalize: (payload: Payload) => Payload;
  of(payload: z.input<z.ZodObject<Shape>>): NewEvent;
}

/** `normalize` brings an accepted payload into its canonical form. Pure and total. */
export interface MessageOptions {
  readonly description?: string;
  readonly normalize?: (payload: Payload) => Payload;
}

/** A message or event type, with its declared fields. */
export function message<Shape extends z.ZodRawShape>(
  messageType: string,
  shape: Shape,
  { description = "", normalize = (payload) => payload }: MessageOptions = {},
): MessageDefinition<Shape> {
  return {
    messageType,
    description,
    shape,
    schema: z.looseObject(shape) as unknown as z.ZodType<Payload>,
    normalize,
    of: (payload) => ({ type: messageType, payload: payload as Payload }),
  };
}

/** The payload of a message, as handlers are given it. */
export type PayloadOf<Definition> =
  Definition extends MessageDefinition<infer Shape> ? z.infer<z.ZodObject<Shape>> : never;

/** The payload of `deadline(name)`. */
export const DeadlineFired = message("deadline", {
  deadline_at: z.iso.datetime(),
  renewed_at: z.iso.datetime().nullable(),
});

/** The payload of `failed(intent.type)`. */
export const IntentFailed = message("failed", { backend: z.string(), error_code: z.string(), message: z.string() });

/** A name under a reducer state's `raises`: it has no payload, handlers read the entity's data. */
export const raised = (name: string) => message(name, {});
