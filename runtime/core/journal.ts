import type { Decision, MachineTransition } from "./decision.ts";
import type { Entity } from "./entity.ts";
import type { ArmedDeadline } from "./handler.ts";
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
export interface EntitySnapshot {
  readonly entity_id: string;
  readonly state: string | null;
  readonly reducer_state: string;
  readonly seq: number;
  readonly attempt: Entity["attempt"];
  readonly data: unknown;
  readonly deadlines: Entity["deadlines"];
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
  /** As in a `StepRecord`. */
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
 * the step again. The order of keys matters: records are compared as text.
 */
export interface StepRecord {
  readonly kind: Message["kind"];
  /** How the intent of an outcome ended, for people. */
  readonly note?: string | undefined;
  /** The calls for the intent of an outcome, when the first one failed: that one and the latest. */
  readonly tries?: readonly IntentTry[] | undefined;
  readonly message: Pick<Message, "payload" | "now"> & {
    readonly origin?: Message["origin"] | undefined;
    readonly intentId?: string | undefined;
    /** Of a message that the runtime made, unless the entity was in that attempt. */
    readonly attemptId?: string | undefined;
  };
  /** The entity before the step. All its deadlines, because renewals of them may not be journaled. */
  readonly before?:
    | {
        readonly state: string | null;
        readonly reducer_state: string;
        readonly deadlines: Readonly<Record<string, ArmedDeadline>>;
      }
    | undefined;
  readonly decision: {
    readonly result: Decision["result"];
    readonly reason: string;
    readonly moves: readonly MachineTransition[];
    /** The events have journal rows of their own, with their published bytes. */
    readonly events: readonly { readonly id: string; readonly type: string; readonly seq: number }[];
    readonly intents: readonly IntentRecord[];
    readonly state: string | null;
    readonly reducer_state: string | null;
  };
}

interface IntentRecord {
  readonly id: string;
  readonly type: string;
  readonly target: string;
  readonly version: number;
  /** UUIDv5 of the payload's JSON: enough to compare it, at a tenth of its size. */
  readonly digest: string;
}

/** @param extra.payloads the payloads of the decision's intents as JSON, when the caller has them already */
export function stepRecord(
  message: Message,
  before: Entity | undefined,
  decision: Decision,
  extra: Pick<StepRecord, "note" | "tries"> & { readonly payloads?: readonly string[] } = {},
): StepRecord {
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
      attemptId: attemptId === before?.attempt.id ? undefined : attemptId,
    },
    before: before && { state: before.state, reducer_state: before.reducerState, deadlines: before.deadlines },
    decision: {
      result,
      reason,
      moves,
      events: events.map(({ id, type, seq }) => ({ id, type, seq })),
      intents: intents.map(({ id, type, target, version, payload: asked }, at) => ({
        id,
        type,
        target,
        version,
        digest: derivedId("payload", extra.payloads?.[at] ?? JSON.stringify(asked)),
      })),
      state: entity?.state ?? null,
      reducer_state: entity?.reducerState ?? null,
    },
  };
}
