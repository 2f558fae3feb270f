import type { Domain } from "../../core/domain.ts";
import type { EmittedEvent } from "../../core/emission.ts";
import { encodeEvent } from "../../core/envelope.ts";
import type { Entity } from "../../core/entity.ts";
import type { Intent } from "../../core/intent.ts";
import type { DeadLetterLine, EndLine, EntityBefore, RepartitionedLine, StepRecord } from "../../core/journal.ts";
import type { Message } from "../../core/message.ts";
import { toRfc3339 } from "../../core/time.ts";
import type { BusRecord, OutgoingMessage } from "../../ports/event-bus.ts";
import { encodeBytes, type UnplacedLine } from "../../stored/write-lines.ts";
import { deadLetterMessage, type NewDeadLetterRow } from "./dead-letter.ts";
import { BROKER_TIME_HEADER, REPARTITIONED_HEADER } from "./read-items.ts";

/** A line, and what is published of it. */
export interface OutgoingLine {
  readonly line: UnplacedLine;
  readonly outgoing: OutgoingMessage;
}

type UnpublishedLine = OutgoingLine | (Pick<OutgoingLine, "line"> & { readonly outgoing: undefined });

/**
 * @param entityId of the event's entity, which is the key of what is published
 * @returns without `outgoing` for an event that has no topic
 */
export function eventLine(
  domain: string,
  entityId: string,
  event: EmittedEvent,
  partition: number,
  traceparent: string | undefined,
): UnpublishedLine {
  const { id, type, topic, correlationId, attemptId } = event;
  const { value, headers } = encodeEvent(domain, event, traceparent);
  const line: UnplacedLine = {
    kind: "event",
    entity_id: entityId,
    type,
    id,
    correlation_id: correlationId,
    attempt_id: attemptId,
    topic: topic ?? undefined,
    traceparent,
    value,
  };
  if (topic === null) return { line, outgoing: undefined };
  return { line, outgoing: { topic, partition, key: Buffer.from(entityId), value: Buffer.from(value), headers } };
}

export const intentLine = (intent: Intent): UnplacedLine => ({
  kind: "intent",
  entity_id: intent.entityId,
  type: intent.type,
  id: intent.id,
  correlation_id: intent.correlationId,
  attempt_id: intent.attemptId,
  target: intent.target,
  version: intent.version,
  traceparent: intent.traceparent,
  payload: intent.payload,
});

export const notYetLine = (intent: Intent, note: string): UnplacedLine => ({
  kind: "not_yet",
  entity_id: intent.entityId,
  type: intent.type,
  id: intent.id,
  correlation_id: intent.correlationId,
  attempt_id: intent.attemptId,
  target: intent.target,
  note,
});

export const endLine = (
  intent: Intent,
  end: Pick<EndLine, "note" | "tries"> & { readonly supersededBy?: string | undefined },
): UnplacedLine => ({
  kind: "end",
  entity_id: intent.entityId,
  type: intent.type,
  id: intent.id,
  correlation_id: intent.correlationId,
  attempt_id: intent.attemptId,
  target: intent.target,
  superseded_by: end.supersededBy,
  note: end.note,
  tries: end.tries,
});

export const repeatLine = (message: Message): UnplacedLine => ({
  kind: "repeat",
  ...namesOf(message),
  reason: "duplicate: already processed",
  origin: message.origin,
});

/** A copy for the entity's partition, where it takes its step. */
export function repartitionedLine(record: BusRecord, message: Message, to: number): OutgoingLine {
  const outgoing = {
    topic: record.topic,
    partition: to,
    key: Buffer.from(message.entityId),
    value: record.value,
    headers: {
      message_id: message.id,
      correlation_id: message.correlationId,
      ...record.headers,
      [REPARTITIONED_HEADER]: String(record.partition),
      [BROKER_TIME_HEADER]: String(record.brokerTimeMs),
    },
  };
  const line: Omit<RepartitionedLine, keyof ReturnType<typeof copyOf>> = {
    kind: "repartitioned",
    ...namesOf(message),
    reason: `belongs to partition ${to}`,
    origin: message.origin,
    to,
  };
  return { line: { ...line, ...copyOf(outgoing) }, outgoing };
}

/** @param refused the step in which the domain's code failed, so that the failure can be repeated */
export function deadLetterLine(
  topic: string,
  row: NewDeadLetterRow,
  atMs: number,
  message?: Message,
  refused?: StepRecord,
): OutgoingLine {
  const { record } = row.item;
  const outgoing = deadLetterMessage(topic, row, atMs);
  const line: Omit<DeadLetterLine, keyof ReturnType<typeof copyOf>> = {
    kind: "dead_letter",
    ...(message && namesOf(message)),
    id: row.id,
    ...{ code: row.code, error: row.error },
    origin: { topic: record.topic, partition: record.partition, offset: record.offset },
    refused,
  };
  return { line: { ...line, ...copyOf(outgoing) }, outgoing };
}

export const gapLine = ({ topic, from, to }: { topic: string; from: number; to: number }): UnplacedLine => ({
  kind: "gap",
  reason: `offsets ${from} to ${to - 1} of ${topic} were gone before they were read`,
  ...{ topic, from, to },
});

const namesOf = ({ entityId, type, id, correlationId }: Message) => ({
  entity_id: entityId,
  type,
  id,
  correlation_id: correlationId,
});

const copyOf = ({ topic, key, headers, value }: OutgoingMessage) => ({
  topic,
  key: encodeBytes(key),
  headers: Object.fromEntries(Object.entries(headers).map(([name, text]) => [name, text.toString()])),
  value: encodeBytes(value),
});

/** What an entity's first line of a day has of it. @param open its open intents */
export const entityBefore = ({ stateVersion }: Domain, entity: Entity, open: readonly Intent[]): EntityBefore => ({
  state: entity.state,
  reducer_state: entity.reducerState,
  state_since: toRfc3339(entity.stateSince),
  seq: entity.seq,
  published_seq: entity.publishedSeq ?? undefined,
  attempt: entity.attempt,
  data: entity.data,
  state_version: stateVersion,
  deadlines: entity.deadlines,
  ended_at: entity.endedAt === undefined ? undefined : toRfc3339(entity.endedAt),
  intents: open.map(({ id, type, target, version, attemptId, correlationId }) => ({
    ...{ id, type, target, version, attemptId, correlationId },
  })),
});
