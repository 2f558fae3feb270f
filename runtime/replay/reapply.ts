import type { Decision } from "../core/decision.ts";
import { decodeRecord } from "../core/decode.ts";
import type { Domain } from "../core/domain.ts";
import type { Entity } from "../core/entity.ts";
import type { DeadLetterRecord, JournalBytes, JournalRow, SettledIntentRecord, StepRecord } from "../core/journal.ts";
import type { Message } from "../core/message.ts";
import { step } from "../core/step.ts";
import { DecodeError } from "../core/incoming-json.ts";

/** Compiled contracts by the hash of their content, which each journal row names. */
export type DomainsByHash = ReadonlyMap<string, Domain>;

export interface ReappliedStep {
  readonly message: Message;
  readonly before: Entity | undefined;
  readonly decision: Decision;
}

export interface RecordedStep {
  readonly record: StepRecord;
  readonly messageId: string;
}

/** The step of a row, if it records one. */
export function stepRecordIn({ kind, body, message_id }: JournalRow): RecordedStep | undefined {
  if (kind === "message" && (body as StepRecord | SettledIntentRecord).kind !== "settled")
    return { record: body as StepRecord, messageId: message_id ?? "" };
  const refused = kind === "dead_letter" ? (body as DeadLetterRecord).refused : undefined;
  if (!refused) return undefined;
  const { message_id: messageId, ...record } = refused;
  return { record, messageId };
}

export const settledIntentIn = ({ kind, body }: JournalRow): SettledIntentRecord | undefined =>
  kind === "message" && (body as SettledIntentRecord).kind === "settled" ? (body as SettledIntentRecord) : undefined;

/** The entity as the step saw it. Renewals that moved its deadlines may not be in the journal. */
const withRecordedDeadlines = (entity: Entity | undefined, { before }: StepRecord): Entity | undefined =>
  entity && before ? { ...entity, deadlines: before.deadlines } : entity;

function messageOf(row: JournalRow, record: StepRecord, messageId: string, before: Entity | undefined): Message {
  const { payload, now, origin, intentId, attemptId = before?.attempt.id } = record.message;
  return {
    kind: record.kind,
    type: row.type ?? "",
    id: messageId,
    entityId: row.entity_id ?? "",
    correlationId: row.correlation_id ?? "",
    payload,
    now,
    origin,
    intentId,
    attemptId: record.kind === "bus" ? undefined : attemptId,
  };
}

/** Repeats the recorded step of a journal row. */
export function reapply(
  domain: Domain,
  entity: Entity | undefined,
  row: JournalRow,
  { record, messageId }: RecordedStep,
): ReappliedStep {
  const before = withRecordedDeadlines(entity, record);
  const message = messageOf(row, record, messageId, before);
  return { message, before, decision: step(domain, before, message) };
}

/**
 * The code with which the decoder refuses a dead letter now; undefined: it accepts it. The recorded code when another
 * part refused it (MISROUTED, CORE_ERROR), since that can't be repeated here.
 */
export function currentDecodeErrorCode(domain: Domain, row: JournalRow): string | undefined {
  const { origin, code } = row.body as DeadLetterRecord;
  if (code === "MISROUTED" || code === "CORE_ERROR") return code;
  const consumed = domain.consumed.find(({ topic }) => topic === origin.topic);
  if (!consumed) return "UNKNOWN_TYPE";
  const headers = row.headers ?? {};
  if (headers["dlq_truncated"] !== undefined) return "TOO_LARGE";
  try {
    decodeRecord(domain, consumed, {
      ...origin,
      value: row.value === null ? null : bytesOf(row.value),
      headers,
      brokerTimeMs: Date.parse(row.at),
    });
    return undefined;
  } catch (error) {
    if (error instanceof DecodeError) return error.code;
    throw error;
  }
}

const encoder = new TextEncoder();
const bytesOf = (bytes: JournalBytes): Uint8Array =>
  typeof bytes === "string" ? encoder.encode(bytes) : Uint8Array.from(atob(bytes.base64), (char) => char.charCodeAt(0));

/** The message types of unjournaled topics that renew a deadline, and for how long. */
interface UnjournaledRenewal {
  readonly forMs: number;
  readonly by: readonly string[];
}

/** Renewals that leave no journal row, by the deadline's name. */
export function unjournaledRenewals({ consumed, orchestrator }: Domain): ReadonlyMap<string, UnjournaledRenewal> {
  const unjournaled = new Set(consumed.flatMap(({ type, journal }) => (journal ? [] : [type])));
  const found = new Map<string, UnjournaledRenewal>();
  for (const { deadline } of orchestrator.states.values()) {
    const by = [...(deadline?.renewedBy ?? [])].filter((type) => unjournaled.has(type));
    if (deadline && by.length > 0) found.set(deadline.name, { forMs: deadline.renewedForMs, by });
  }
  return found;
}
