import type { Decision } from "./decision.ts";
import type { Entity } from "./entity.ts";
import { derivedId } from "./ids.ts";
import type { Message } from "./message.ts";

/** Bytes of a journal row: a string when they are UTF-8. */
export type JournalBytes = string | { readonly base64: string };

/** A row of the journal as it is read and exported. */
export interface JournalRow {
  readonly partition: number;
  readonly seq: number;
  /** Broker time of its turn, RFC 3339. */
  readonly at: string;
  readonly kind: "message" | "event" | "repeat" | "repartitioned" | "dead_letter" | "gap";
  readonly entity_id: string | null;
  readonly type: string | null;
  readonly message_id: string | null;
  readonly correlation_id: string | null;
  readonly attempt_id: string | null;
  readonly contract_hash: string;
  /** `StepRecord` or `SettledIntentRecord` for kind `message`, `DeadLetterRecord` for `dead_letter`. */
  readonly body: unknown;
  readonly topic: string | null;
  readonly key: JournalBytes | null;
  readonly value: JournalBytes | null;
  readonly headers: Readonly<Record<string, string>> | null;
}

/** An entity's stored row, read together with its journal. */
export interface EntitySnapshot extends Pick<Entity, "state" | "seq" | "attempt" | "data" | "deadlines"> {
  readonly entity_id: string;
  readonly reducer_state: string;
  /** RFC 3339. */
  readonly state_since: string;
}

/** One call of an effect for an intent. */
export interface IntentTry {
  /** Broker time at which it began, RFC 3339. */
  readonly at: string;
  readonly ms: number;
  /** Why it failed; absent when it succeeded. */
  readonly code?: string;
  readonly error?: string;
}

/** The end of an intent for which the contract lists no outcome, so no step is taken. */
export interface SettledIntentRecord {
  readonly kind: "settled";
  readonly intent: { readonly id: string; readonly type: string; readonly target: string };
  readonly note: string;
  readonly tries?: readonly IntentTry[] | undefined;
}

export interface DeadLetterRecord {
  readonly code: string;
  readonly error: string;
  readonly origin: NonNullable<Message["origin"]>;
  /** When the domain's code failed: the step, and the message's id (the row's `message_id` is the dead letter's). */
  readonly refused?: StepRecord & { readonly message_id: string };
}

/**
 * A step in the journal: its input and its decision. With the entity's earlier steps it is all that is needed to take
 * the step again.
 */
export type StepRecord = ReturnType<typeof stepRecord>;

/**
 * The order of keys matters: records are compared as text.
 * @param extra.note how the intent of an outcome ended, for people
 * @param extra.tries the calls for the intent of an outcome, when the first one failed: that one and the latest
 * @param extra.payloads the payloads of the decision's intents as JSON, when the caller has them already
 */
export function stepRecord(
  message: Message,
  before: Entity | undefined,
  decision: Decision,
  extra: {
    readonly note?: string | undefined;
    readonly tries?: readonly IntentTry[] | undefined;
    readonly payloads?: readonly string[];
  } = {},
) {
  const { kind, payload, now, origin, intentId, attemptId } = message;
  const { result, reason, moves, events, intents, entity } = decision;
  // Undefined fields are left out of the JSON; conditional spreads would cost more than everything else here.
  return {
    kind,
    note: extra.note,
    tries: extra.tries,
    message: {
      payload,
      now,
      origin,
      intentId,
      /** Of a message that the runtime made, unless the entity was in that attempt. */
      attemptId: attemptId === before?.attempt.id ? undefined : attemptId,
    },
    /** The entity before the step. All its deadlines, because renewals of them may not be journaled. */
    before: before && { state: before.state, reducer_state: before.reducerState, deadlines: before.deadlines },
    decision: {
      result,
      reason,
      moves,
      /** The events have journal rows of their own, with their published bytes. */
      events: events.map(({ id, type, seq }) => ({ id, type, seq })),
      intents: intents.map(({ id, type, target, version, payload: asked }, at) => ({
        id,
        type,
        target,
        version,
        /** UUIDv5 of the payload's JSON: enough to compare it, at a tenth of its size. */
        digest: derivedId("payload", extra.payloads?.[at] ?? JSON.stringify(asked)),
      })),
      state: entity?.state ?? null,
      reducer_state: entity?.reducerState ?? null,
    },
  };
}
