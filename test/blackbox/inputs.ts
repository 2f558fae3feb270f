import { type Envelope, type Evidence, type InputRecord } from "./evidence.ts";

/** How far the time that a sender states may lie before the broker's. */
const SKEW_MAX_MS = 5_000;

/** What was sent, as far as it can be read. */
export interface InputMessage {
  readonly record: InputRecord;
  /** Undefined when the message names none. */
  readonly id: string | undefined;
  readonly entityId: string;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly eventTimeMs: number;
}

/**
 * What went in and was not dead-lettered; undefined where inputs can't be read.
 * @param idField the field of payloads that has the entity's id
 */
export function messagesIn({ inputs, deadLetters }: Evidence, idField: string): readonly InputMessage[] | undefined {
  if (!inputs || !deadLetters) return undefined;
  const dead = new Set(deadLetters.map(({ headers }) => placeOf(headers)));
  return inputs.flatMap((record) => (dead.has(place(record)) ? [] : messageIn(record, idField)));
}

export const place = ({ topic, partition, offset }: InputRecord): string => `${topic}[${partition}]@${offset}`;
export const placeOf = (headers: Readonly<Record<string, string>>): string =>
  `${headers["dlq_topic"]}[${headers["dlq_partition"]}]@${headers["dlq_offset"]}`;

/** An envelope, or anything else with an entity's id where payloads are. */
function messageIn(record: InputRecord, idField: string): InputMessage[] {
  let message: Readonly<Record<string, unknown>> | null;
  try {
    message = JSON.parse(String(record.value)) as typeof message;
  } catch {
    return [];
  }
  const { envelope_id: id, envelope_timestamp } = (message ?? {}) as Partial<Envelope>;
  const payload = (message?.["payload"] ?? message?.["data"] ?? message) as InputMessage["payload"] | null;
  const entityId = payload?.[idField];
  if (!payload || typeof entityId !== "string") return [];
  const statedMs = Date.parse(String(envelope_timestamp ?? payload["timestamp"]));
  const eventTimeMs = Math.min(record.atMs, Math.max(record.atMs - SKEW_MAX_MS, statedMs || 0));
  return [{ record, id, entityId, payload, eventTimeMs }];
}
