import type { Decision, MachineTransition } from "./decision.ts";
import type { Entity } from "./entity.ts";
import type { ArmedDeadline } from "./handler.ts";
import { derivedId } from "./ids.ts";
import type { Message } from "./message.ts";

/** Bytes of a journal row: as text where they are UTF-8. */
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
  /** Of a message a `StepRecord` or a `SettledIntentRecord`, of a dead letter a `DeadLetterRecord`. */
  readonly body: unknown;
  readonly topic: string | null;
  readonly key: JournalBytes | null;
  readonly value: JournalBytes | null;
  readonly headers: Readonly<Record<string, string>> | null;
}

/** An entity's row as it stood when its journal was read. */
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

/** A call to an effect for one intent, as it ended. */
export interface IntentTry {
  /** Broker time at which it began, RFC 3339. */
  readonly at: string;
  readonly ms: number;
  /** Why it was not done; of one that was done, none. */
  readonly code?: string;
  readonly error?: string;
}

/** An intent's end that no message tells the core. */
export interface SettledIntentRecord {
  readonly kind: "settled";
  readonly intent: { readonly id: string; readonly type: string; readonly target: string };
  readonly note: string;
  /** As of a `StepRecord`. */
  readonly tries?: readonly IntentTry[] | undefined;
}

export interface DeadLetterRecord {
  readonly code: string;
  readonly error: string;
  readonly origin: NonNullable<Message["origin"]>;
  /** When the core refused it: the step, and the id of the message (the row's is the dead letter's). */
  readonly refused?: StepRecord & { readonly message_id: string };
}

/**
 * What the journal keeps of a step: its input as the core saw it, and its decision. With the entity's earlier steps it
 * is all that is needed to take the step again. Key order counts: it is compared as text.
 */
export interface StepRecord {
  readonly kind: Message["kind"];
  /** Of an outcome: how its intent ended, in words. */
  readonly note?: string | undefined;
  /** Of an outcome whose intent was not done at once: its calls, the first one and the latest of them. */
  readonly tries?: readonly IntentTry[] | undefined;
  readonly message: Pick<Message, "payload" | "now"> & {
    readonly origin?: Message["origin"] | undefined;
    readonly intentId?: string | undefined;
    /** Of a message that the shell made, where the entity was in another attempt, or in none. */
    readonly attemptId?: string | undefined;
  };
  /** The entity as the step saw it: what moves a deadline alone may not be journaled, so deadlines are told whole. */
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
    /** The events themselves are rows of their own, with their final bytes. */
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
  /** UUIDv5 of the payload's JSON: tells whether it is the same again, at a tenth of its size. */
  readonly digest: string;
}

/**
 * What is to be journaled of a step.
 * @param given.payloads of the decision's intents as JSON, where the caller has them already
 */
export function stepRecord(
  message: Message,
  before: Entity | undefined,
  decision: Decision,
  extra: Pick<StepRecord, "note" | "tries"> & { readonly payloads?: readonly string[] } = {},
): StepRecord {
  const { kind, payload, now, origin, intentId, attemptId } = message;
  const { result, reason, moves, events, intents, entity } = decision;
  // What is undefined is not in the JSON; a spread of what may be there costs more than all the rest.
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
