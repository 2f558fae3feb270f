import type { HistoryEvent, PublishedCopy } from "../promises/history.ts";
import type { SeenEvent } from "./world.ts";

/** A published event as it was read: every copy of it. */
export interface PublishedRecord {
  readonly value: string;
  /** When the broker had it, or when it was read over HTTP; ms since the epoch. */
  readonly atMs: number;
  /** Where it lay and how it was labelled; undefined when it was read over HTTP. */
  readonly kafka?: {
    readonly topic: string;
    readonly partition: number;
    readonly offset: number;
    readonly key: string;
    readonly headers: Readonly<Record<string, string>>;
  };
}

/** A record of an input topic as it lies there. */
export interface InputRecord {
  /** What its topic is for. */
  readonly type: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** When the broker had it, ms since the epoch. */
  readonly atMs: number;
  readonly value: Buffer | null;
}
interface DeadLetterRecord {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, string>>;
}

/** Everything that can be seen from outside of a system at rest. */
export interface Evidence {
  /** As read: within a topic and partition in the log's order. */
  readonly records: readonly PublishedRecord[];
  /** Of the topics; undefined when unknown. */
  readonly partitions?: number;
  /** Undefined when they can't be read, as with those below. */
  readonly inputs?: readonly InputRecord[];
  readonly deadLetters?: readonly DeadLetterRecord[];
  /** What the broker had before this time must have left a trace; ms since the epoch. */
  readonly settledMs?: number;
  /** Ids of the messages that the journal knows. */
  readonly taken?: ReadonlySet<string>;
  /** Values that may be invalid; only these may be dead letters … */
  readonly suspects?: ReadonlySet<string>;
  /** … and what lies at these places (`topic[partition]@offset`) must be one. */
  readonly poison?: readonly string[];
  /** Times in which no process served, or could, by the test's doing; ms since the epoch. */
  readonly outages?: readonly { readonly fromMs: number; readonly toMs: number }[];
  /** How late a deadline may fire; given where all parts were up all the time. */
  readonly lateMsMax?: number;
}

export interface Envelope {
  readonly envelope_id: string;
  readonly envelope_timestamp: string;
  readonly correlation_id: string;
  readonly parent_envelope_id: string | null;
  readonly event_type: string;
  readonly payload_type: string;
  readonly payload_schema_version: { readonly major: number; readonly minor: number; readonly patch: number };
  readonly source_tool: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

const parsed = new WeakMap<PublishedRecord, Envelope>();
/** A record is read more than once. */
export function envelopeOf(record: PublishedRecord): Envelope {
  const known = parsed.get(record) ?? (JSON.parse(record.value) as Envelope);
  parsed.set(record, known);
  return known;
}

/** Each event of an entity once, by `entity_seq`. */
export function eventsOf(records: readonly PublishedRecord[], entityId: string): SeenEvent[] {
  const events = new Map<string, SeenEvent>();
  for (const record of records) {
    const { envelope_id: id, payload_type: type, envelope_timestamp, payload } = envelopeOf(record);
    if (payload["entity_id"] === entityId && !events.has(id))
      events.set(id, { type, id, payload, seq: Number(payload["entity_seq"]), at: Date.parse(envelope_timestamp) });
  }
  return [...events.values()].sort((a, b) => a.seq - b.seq);
}

export const seqOf = (record: PublishedRecord): number => Number(envelopeOf(record).payload["entity_seq"]);

export function historyEventOf(record: PublishedRecord): HistoryEvent {
  const { envelope_id: id, payload_type: type, parent_envelope_id: cause, payload } = envelopeOf(record);
  return { type, id, cause, payload, atMs: record.atMs };
}

export function publishedCopyOf(record: PublishedRecord): PublishedCopy {
  const { value, kafka } = record;
  const { envelope_id: id, payload_type: type, payload } = envelopeOf(record);
  const content = JSON.stringify([value, kafka?.topic, kafka?.key, Object.entries(kafka?.headers ?? {}).sort()]);
  return { type, id, payload, content, ...(kafka && { place: kafka }) };
}
