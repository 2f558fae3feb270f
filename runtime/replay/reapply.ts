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

/** A step that the journal records, and its repetition. */
export interface ReappliedStep {
  readonly row: JournalRow;
  readonly domain: Domain;
  readonly record: StepRecord;
  readonly message: Message;
  /** As the repeated steps before this one leave it. */
  readonly entity: Entity | undefined;
  /** As the step saw it: renewals that moved its deadlines may not be in the journal. */
  readonly before: Entity | undefined;
  readonly decision: Decision;
}

/** Repeats the step of a row. @returns why it can't be repeated; undefined when the row records no step */
export function reapply(
  domainsByHash: DomainsByHash,
  entity: Entity | undefined,
  row: JournalRow,
): ReappliedStep | string | undefined {
  const found = stepRecordIn(row);
  if (!found) return undefined;
  const { message_id: messageId = row.message_id, ...record } = found;
  const domain = domainsByHash.get(row.contract_hash);
  if (!domain) return `its contracts ${row.contract_hash.slice(0, 12)} are not there`;
  if (record.before && !entity) return "its journal does not begin with its first step";
  const before = entity && record.before ? { ...entity, deadlines: record.before.deadlines } : entity;
  const { payload, now, origin, intentId, attemptId = before?.attempt.id } = record.message;
  const message: Message = {
    kind: record.kind,
    type: row.type ?? "",
    id: messageId ?? "",
    entityId: row.entity_id ?? "",
    correlationId: row.correlation_id ?? "",
    payload,
    now,
    origin,
    intentId,
    attemptId: record.kind === "bus" ? undefined : attemptId,
  };
  return { row, domain, record, message, entity, before, decision: step(domain, before, message) };
}

/** The step that a row records. When it was refused, the row's `message_id` is the dead letter's. */
function stepRecordIn(row: JournalRow): (StepRecord & { readonly message_id?: string }) | undefined {
  if (row.kind === "dead_letter") return (row.body as DeadLetterRecord).refused;
  return row.kind === "message" && !settledIntentIn(row) ? (row.body as StepRecord) : undefined;
}

export const settledIntentIn = ({ kind, body }: JournalRow): SettledIntentRecord | undefined =>
  kind === "message" && (body as SettledIntentRecord).kind === "settled" ? (body as SettledIntentRecord) : undefined;

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
