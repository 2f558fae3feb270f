import type { Decision, Declined, MachineTransition } from "./decision.ts";
import type { Door } from "./door.ts";
import type { Attempt, Entity } from "./entity.ts";
import type { ArmedDeadline } from "./handler.ts";
import type { Intent } from "./intent.ts";
import type { Message, Payload } from "./message.ts";

/** Bytes in a line: a string when they are UTF-8. */
export type JournalBytes = string | { readonly base64: string };

type Deadlines = Readonly<Record<string, ArmedDeadline>>;
type Origin = NonNullable<Message["origin"]>;

/** An intent without an outcome, as an entity's first line of a day names it. */
export type OpenIntent = Pick<Intent, "id" | "type" | "target" | "version" | "attemptId" | "correlationId">;

/** An entity as it was before the line that carries it: with it a day can be repeated without the days before. */
export interface EntityBefore {
  readonly state: string | null;
  readonly reducer_state: string;
  /** RFC 3339. */
  readonly state_since: string;
  readonly seq: number;
  /** Absent: the same as `seq`. */
  readonly published_seq?: number | undefined;
  readonly attempt: Attempt;
  readonly data: unknown;
  /** The `stateVersion` of the code that has read the data. */
  readonly state_version: number;
  readonly deadlines: Deadlines;
  readonly intents: readonly OpenIntent[];
  /** Of a purged entity: when it had ended, RFC 3339. */
  readonly ended_at?: string | undefined;
}

/** What each line about an entity says of it. Lines of an entity that is not stored have only its id. */
export interface EntityLink {
  readonly entity_id: string;
  /** The entity's line before this one; absent in its first. */
  readonly prev?: number | undefined;
  /** In an entity's first line of a UTC day: the day of `prev`, as 2026-01-31, and the entity. */
  readonly prev_day?: string | undefined;
  readonly before?: EntityBefore | undefined;
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

/** How an intent ended. */
interface IntentEnd {
  /** For people: done, failed after n tries, superseded. */
  readonly note?: string | undefined;
  /** Its calls, when the first one failed: that one and the latest. */
  readonly tries?: readonly IntentTry[] | undefined;
}

/** A step: its input and its decision. With the entity before it that is all that is needed to take it again. */
export interface StepRecord extends IntentEnd {
  readonly kind: "message";
  readonly entity_id: string;
  readonly of: Message["kind"];
  /** Message type, or `deadline(name)`, an outcome's type and so on. */
  readonly type: string;
  /** The message's. */
  readonly id: string;
  readonly correlation_id: string;
  /** Of the entity after the step; absent when it has none. */
  readonly attempt_id?: string | undefined;
  /** Event time, ms since the epoch. */
  readonly now: number;
  readonly origin?: Origin | undefined;
  /** The intent that an outcome answers. */
  readonly intent_id?: string | undefined;
  /** Of a message that the runtime made, unless the entity was in that attempt. */
  readonly of_attempt?: string | undefined;
  /** What its gateway added, if it came through one. */
  readonly door?: Door | undefined;
  /** The deadlines before the step, if any is armed: renewals of them may have left no line. */
  readonly armed?: Deadlines | undefined;
  readonly result: Decision["result"];
  readonly declined?: Declined | undefined;
  readonly reason: string;
  readonly moves?: readonly MachineTransition[] | undefined;
  readonly state: string | null;
  readonly reducer_state: string | null;
  readonly payload: Payload;
}

export interface StepLine extends EntityLink, StepRecord {}

/** An event, behind the line of its step: never an entity's first line of a day. */
export interface EventLine extends Omit<EntityLink, "prev_day" | "before"> {
  readonly kind: "event";
  readonly prev_day?: undefined;
  readonly before?: undefined;
  readonly type: string;
  readonly id: string;
  readonly correlation_id: string;
  readonly attempt_id: string;
  /** Absent: it is not published. */
  readonly topic?: string | undefined;
  /** W3C. An event's other headers, and its key, follow from its value. */
  readonly traceparent?: string | undefined;
  /** The bytes that are published where it has a topic: an envelope. */
  readonly value: string;
}

/** What an effect is asked for, behind the line of its step. */
export interface IntentLine extends EntityLink, Pick<Intent, "id" | "type" | "target" | "version" | "payload"> {
  readonly kind: "intent";
  readonly correlation_id: string;
  readonly attempt_id: string;
  readonly traceparent?: string | undefined;
}

/** The end of an intent for which the contract lists no outcome, so no step is taken. */
export interface EndLine extends EntityLink, IntentEnd, Pick<Intent, "id" | "type" | "target"> {
  readonly kind: "end";
  readonly correlation_id: string;
  readonly attempt_id: string;
  /** The younger intent of its target, when it gave way to one. */
  readonly superseded_by?: string | undefined;
}

/** The effect of an intent has answered that it is not done yet. Further such answers have no lines. */
interface NotYetLine extends EntityLink, Pick<Intent, "id" | "type" | "target"> {
  readonly kind: "not_yet";
  readonly correlation_id: string;
  readonly attempt_id: string;
  /** The effect's, for people. */
  readonly note: string;
}

/** A message that was processed before: it takes no step. */
interface RepeatLine extends EntityLink {
  readonly kind: "repeat";
  readonly type: string;
  readonly id: string;
  readonly correlation_id: string;
  readonly reason: string;
  readonly origin?: Origin | undefined;
}

/** What is published as it is, for lines that are no events. */
interface Copy {
  readonly topic: string;
  readonly key: JournalBytes | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly value: JournalBytes | null;
}

/** A record that lay in another partition than its entity's; a copy is published to the right one. */
export interface RepartitionedLine extends EntityLink, Copy {
  readonly kind: "repartitioned";
  readonly type: string;
  readonly id: string;
  readonly correlation_id: string;
  readonly reason: string;
  readonly origin?: Origin | undefined;
  /** The partition of the copy. */
  readonly to: number;
}

/** A record that can't be processed, and the copy on the dead letter topic. */
export interface DeadLetterLine extends Partial<EntityLink>, Copy {
  readonly kind: "dead_letter";
  /** The dead letter's. */
  readonly id: string;
  readonly type?: string | undefined;
  readonly correlation_id?: string | undefined;
  readonly code: string;
  readonly error: string;
  readonly origin: Origin;
  /** When the domain's code failed: the step. */
  readonly refused?: StepRecord | undefined;
}

/** Offsets that were gone from the log before they were read. */
interface GapLine extends Partial<Record<keyof EntityLink, undefined>> {
  readonly kind: "gap";
  readonly reason: string;
  readonly topic: string;
  readonly from: number;
  /** The first one that is there. */
  readonly to: number;
}

export type NewLine =
  | (StepLine | EventLine | IntentLine | NotYetLine | EndLine)
  | (RepeatLine | RepartitionedLine | DeadLetterLine | GapLine);
export type LineKind = NewLine["kind"];

/** Where a line stands, and what it was written under. */
interface LinePlace {
  readonly partition: number;
  /** Place in the partition's journal, from 1, without gaps. */
  readonly seq: number;
  /** Broker time of its turn, RFC 3339. */
  readonly at: string;
  readonly contract_hash: string;
}

/** A line of the journal as it is read and exported. */
export type JournalLine<Line extends NewLine = NewLine> = Line & LinePlace;

/** An entity's stored row. */
export interface EntitySnapshot extends Omit<EntityBefore, "intents" | "state_version"> {
  readonly partition: number;
  readonly entity_id: string;
  /** The entity's last line when the row was read. */
  readonly last_line: number;
}

/** @param attempt the entity's before the step */
const otherAttempt = ({ attemptId }: Message, before: Entity | undefined): string | undefined =>
  attemptId === before?.attempt.id ? undefined : attemptId;

/** Undefined fields are left out of the JSON; conditional spreads would cost more than everything else here. */
export const stepRecord = (
  message: Message,
  before: Entity | undefined,
  { result, declined, reason, moves, entity }: Decision,
  end: IntentEnd = {},
): StepRecord => ({
  kind: "message",
  entity_id: message.entityId,
  of: message.kind,
  type: message.type,
  id: message.id,
  correlation_id: message.correlationId,
  attempt_id: entity?.attempt.id || undefined,
  now: message.now,
  origin: message.origin,
  intent_id: message.intentId,
  of_attempt: otherAttempt(message, before),
  note: end.note,
  tries: end.tries,
  door: message.door,
  armed: before && hasAny(before.deadlines) ? before.deadlines : undefined,
  result,
  declined,
  reason,
  moves: moves.length > 0 ? moves : undefined,
  state: entity?.state ?? null,
  reducer_state: entity?.reducerState ?? null,
  payload: message.payload,
});

const hasAny = (deadlines: Deadlines): boolean => {
  for (const _ in deadlines) return true;
  return false;
};
