import type { Decision } from "../core/decision.ts";
import { decodeRecord } from "../core/decode.ts";
import type { Domain } from "../core/domain.ts";
import type { Entity } from "../core/entity.ts";
import type { DeadLetterRecord, JournalBytes, JournalRow, SettledIntentRecord, StepRecord } from "../core/journal.ts";
import type { Message } from "../core/message.ts";
import { step } from "../core/step.ts";
import { DecodeError } from "../core/incoming-json.ts";

/** Compiled contracts by their content's hash: what journals were written under. */
export type DomainsByHash = ReadonlyMap<string, Domain>;

export interface ReappliedStep {
  readonly message: Message;
  readonly before: Entity | undefined;
  readonly decision: Decision;
}

/** The step that a row tells of, if it tells of one. */
export function stepRecordIn({
  kind,
  body,
  message_id,
}: JournalRow): { record: StepRecord; messageId: string } | undefined {
  if (kind === "message" && (body as StepRecord | SettledIntentRecord).kind !== "settled")
    return { record: body as StepRecord, messageId: message_id ?? "" };
  const refused = kind === "dead_letter" ? (body as DeadLetterRecord).refused : undefined;
  if (!refused) return undefined;
  const { message_id: messageId, ...record } = refused;
  return { record, messageId };
}

export const settledIntentIn = ({ kind, body }: JournalRow): SettledIntentRecord | undefined =>
  kind === "message" && (body as SettledIntentRecord).kind === "settled" ? (body as SettledIntentRecord) : undefined;

/** The entity as the step saw it: what moved its deadlines meanwhile may not be in the journal. */
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
    ...(origin && { origin }),
    ...(intentId !== undefined && { intentId }),
    ...(record.kind !== "bus" && attemptId !== undefined && { attemptId }),
  };
}

/** Takes a journaled step again. */
export function reapply(domain: Domain, entity: Entity | undefined, row: JournalRow): ReappliedStep | undefined {
  const found = stepRecordIn(row);
  if (!found) return undefined;
  const before = withRecordedDeadlines(entity, found.record);
  const message = messageOf(row, found.record, found.messageId, before);
  return { message, before, decision: step(domain, before, message) };
}

/**
 * The code with which a dead letter would be refused now; undefined: it would be taken. Only of those that the decoder
 * refused: what was misplaced, or refused by the store, is not for the core to say.
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

/** A deadline that messages move which are not journaled: by how much, and which. */
export interface UnjournaledRenewal {
  readonly forMs: number;
  readonly by: readonly string[];
}

/** By the deadline's name. */
export function unjournaledRenewals({ consumed, orchestrator }: Domain): ReadonlyMap<string, UnjournaledRenewal> {
  const quiet = new Set(consumed.flatMap(({ type, journal }) => (journal ? [] : [type])));
  const found = new Map<string, UnjournaledRenewal>();
  for (const { deadline } of orchestrator.states.values()) {
    const by = [...(deadline?.renewedBy ?? [])].filter((type) => quiet.has(type));
    if (deadline && by.length > 0) found.set(deadline.name, { forMs: deadline.renewedForMs, by });
  }
  return found;
}
