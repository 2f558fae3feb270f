import { z } from "zod";
import type { Door } from "./door.ts";
import { isObject } from "./incoming-json.ts";

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json | undefined };
/** The fields of a message, an event or an intent, as JSON has them. */
export type Payload = { readonly [key: string]: Json | undefined };

/** An event as a handler returns it; ids, attempt, correlation and sequence come from the runtime. */
export interface NewEvent {
  readonly type: string;
  readonly payload: Payload;
}

export const MESSAGE_KINDS = ["bus", "deadline", "outcome", "published", "drift", "purge"] as const;

/** The input of a step. Messages that the runtime makes itself (all but `bus`) name the attempt they belong to. */
export interface Message {
  readonly kind: (typeof MESSAGE_KINDS)[number];
  /** Payload type, or `deadline(name)`, `failed(intent.type)`, `published(Event)`, `drift(backend)`, `purge`. */
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
  /** What the gateway added through which it came. Absent for all others: then who sent it is nobody. */
  readonly door?: Door | undefined;
}

/** The payload schema of one message type. Unknown fields are kept and are never an error (protocol.md, Payloads). */
export interface MessageDefinition<Shape extends z.ZodRawShape = z.ZodRawShape> {
  readonly messageType: string;
  /** Shown in the documents that are made from the contracts. */
  readonly description: string;
  readonly schema: z.ZodType<Payload>;
  /** The declared fields, by name: what contracts' paths are checked against. */
  readonly shape: Shape;
  /** Other names that `schema` takes, by field. */
  readonly aliases: Readonly<Record<string, readonly string[]>>;
  /** Brings an accepted payload into its canonical form (letter case, what is left out). Pure and total. */
  readonly normalize: (payload: Payload) => Payload;
  of(payload: z.input<z.ZodObject<Shape>>): NewEvent;
}

export interface MessageOptions {
  readonly description?: string;
  /** Other names of fields, by field, for senders with another vocabulary. Where several are given the first counts. */
  readonly aliases?: Readonly<Record<string, readonly string[]>>;
  /** Brings an accepted payload into its canonical form. Pure and total. */
  readonly normalize?: (payload: Payload) => Payload;
}

/** A message or event type, with its declared fields. */
export function message<Shape extends z.ZodRawShape>(
  messageType: string,
  shape: Shape,
  { description = "", aliases, normalize = (payload) => payload }: MessageOptions = {},
): MessageDefinition<Shape> {
  return {
    messageType,
    description,
    shape,
    aliases: aliases ?? {},
    schema: (aliases ? withAliases(z.looseObject(shape), aliases) : z.looseObject(shape)) as z.ZodType<Payload>,
    normalize,
    of: (payload) => ({ type: messageType, payload: payload as Payload }),
  };
}

/** Reads aliases before the schema does; a problem names the field as it was sent. */
const withAliases = (schema: z.ZodType, aliases: NonNullable<MessageOptions["aliases"]>): z.ZodType =>
  z.unknown().transform((sent, context) => {
    const sentAs = new Map<PropertyKey, string>();
    const read = schema.safeParse(isObject(sent) ? withoutAliases(sent, aliases, sentAs) : sent);
    if (read.success) return read.data;
    for (const { path, ...issue } of read.error.issues) {
      const [field, ...rest] = path;
      const asSent = field === undefined ? [] : [sentAs.get(field) ?? field, ...rest];
      context.issues.push({ ...issue, path: asSent, input: sent } as z.core.$ZodRawIssue);
    }
    return z.NEVER;
  });

function withoutAliases(
  sent: Readonly<Record<string, unknown>>,
  aliases: NonNullable<MessageOptions["aliases"]>,
  sentAs: Map<PropertyKey, string>,
) {
  const payload = { ...sent };
  for (const [field, names] of Object.entries(aliases)) {
    const given = [field, ...names].find((name) => (payload[name] ?? null) !== null);
    const value = given === undefined ? undefined : payload[given];
    for (const name of names) delete payload[name];
    if (given === undefined || given === field) continue;
    payload[field] = value;
    sentAs.set(field, given);
  }
  return payload;
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
