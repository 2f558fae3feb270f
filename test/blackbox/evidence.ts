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

/** A record of an input topic as it lies there. */
export interface InputRecord {
  /** What its topic is for: `NodeHeartbeatEvent`. */
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
  /** Undefined when nobody can look, as with those below. */
  readonly inputs?: readonly InputRecord[];
  readonly deadLetters?: readonly DeadLetterRecord[];
  /** What the broker had before this time must have left a trace; ms since the epoch. */
  readonly settledMs?: number;
  /** Ids of the messages that the journal knows. */
  readonly taken?: ReadonlySet<string>;
  /** Values that the tester sent and does not vouch for; only these may be dead letters … */
  readonly suspects?: ReadonlySet<string>;
  /** … and what lies at these places (`topic[partition]@offset`) must be one. */
  readonly poison?: readonly string[];
  /** Times in which nobody served, or nobody could, as the tester made it; ms since the epoch. */
  readonly outages?: readonly { readonly fromMs: number; readonly toMs: number }[];
  /** The tester says that all parts were up all the time: how late a deadline may be told. */
  readonly lateMsMax?: number;
  /** Entries of others in the catalogue, as text: those put there before, and what is there now. */
  readonly foreign?: { readonly planted: readonly string[]; readonly found: readonly string[] };
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
/** A judge looks at a record more than once. */
export function envelopeOf(record: PublishedRecord): Envelope {
  const known = parsed.get(record) ?? (JSON.parse(record.value) as Envelope);
  parsed.set(record, known);
  return known;
}

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
