import type { CatalogEntry, Row, SeenEvent } from "./world.ts";

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

/** Everything that a stranger can find out about a system that has come to rest. */
export interface Evidence {
  /** As read: within a topic and partition in the log's order. */
  readonly records: readonly PublishedRecord[];
  /** Of the topics; undefined when nobody can tell. */
  readonly partitions?: number;
  readonly registrations: readonly {
    readonly node_id: string;
    readonly state: string | null;
    readonly entity_seq: number;
  }[];
  /** Undefined when nobody can look. */
  readonly rows?: readonly Row[];
  readonly services: readonly CatalogEntry[];
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

export const envelopeOf = ({ value }: PublishedRecord): Envelope => JSON.parse(value) as Envelope;

/** Each event of a node once, by `entity_seq`. */
export function eventsOf(records: readonly PublishedRecord[], nodeId: string): SeenEvent[] {
  const events = new Map<string, SeenEvent>();
  for (const record of records) {
    const { envelope_id: id, payload_type: type, envelope_timestamp, payload } = envelopeOf(record);
    if (payload["entity_id"] === nodeId && !events.has(id))
      events.set(id, { type, id, payload, seq: Number(payload["entity_seq"]), at: Date.parse(envelope_timestamp) });
  }
  return [...events.values()].sort((a, b) => a.seq - b.seq);
}
