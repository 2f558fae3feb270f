import type { EmittedEvent } from "../core/emission.ts";
import { decodeRecord } from "../core/decode.ts";
import type { Domain } from "../core/domain.ts";
import type { Entity } from "../core/entity.ts";
import { encodeEvent } from "../core/envelope.ts";
import { DecodeError } from "../core/incoming-json.ts";
import type { Intent } from "../core/intent.ts";
import {
  type DeadLetterRecord,
  type EntitySnapshot,
  type JournalBytes,
  type JournalRow,
  type StepRecord,
  stepRecord,
} from "../core/journal.ts";
import { toRfc3339 } from "../core/time.ts";
import {
  type DomainsByHash,
  EntityHistories,
  type EntityHistory,
  type HistoryObserver,
  type ReappliedStep,
  settledIntentIn,
  unjournaledRenewals,
} from "./entity-histories.ts";

/** A field in which the journal and its replay differ. */
export interface ReplayDifference {
  readonly entityId: string | null;
  readonly partition: number;
  readonly seq: number;
  readonly at: string;
  /** Message type of the step. */
  readonly type: string;
  /** An earlier step of the entity differs too, so this difference may follow from that. */
  readonly follows: boolean;
  /** Path of the field, as `decision.events[0].id`. */
  readonly field: string;
  /** Undefined when the field is missing; `replayed` too. */
  readonly recorded: unknown;
  readonly replayed: unknown;
}

export interface ReplayObserver extends HistoryObserver {
  difference(difference: ReplayDifference): void;
}

export type ReplayCounts = Replay["counts"];

/**
 * Repeats the steps of a journal and reports what is not the same byte for byte; reworded reasons are only counted.
 * Rows come entity by entity, each in the order of the journal; rows without an entity may come anywhere.
 */
export class Replay {
  readonly counts = {
    rows: 0,
    entities: 0,
    steps: 0,
    events: 0,
    intents: 0,
    deadLetters: 0,
    /** Entities whose stored row was compared with the replayed entity. */
    states: 0,
    differences: 0,
    /** Steps whose reason is worded differently and which are equal otherwise. */
    reworded: 0,
    /** Entities that could not be replayed to their end. */
    incomplete: 0,
  };
  readonly #histories: EntityHistories;
  readonly #begin: () => ReplayedHistory;

  constructor(domainsByHash: DomainsByHash, observer: ReplayObserver) {
    const { counts } = this;
    this.#begin = () => new ReplayedHistory(domainsByHash, counts, observer);
    const begin = () => {
      counts.entities++;
      return this.#begin();
    };
    this.#histories = new EntityHistories(domainsByHash, begin, {
      incomplete: (entityId, reason) => {
        counts.incomplete++;
        observer.incomplete(entityId, reason);
      },
    });
  }

  addRow(row: JournalRow): void {
    this.counts.rows++;
    if (row.entity_id === null) this.#begin().addRow(row);
    else this.#histories.addRow(row);
  }

  addSnapshot(entity: EntitySnapshot): void {
    this.#histories.addSnapshot(entity);
  }

  end(): ReplayCounts {
    this.#histories.end();
    return this.counts;
  }
}

/** The journal of one entity, or a row without one, compared with its replay. */
class ReplayedHistory implements EntityHistory {
  readonly #domainsByHash: DomainsByHash;
  readonly #counts: ReplayCounts;
  readonly #observer: ReplayObserver;
  #last: ReappliedStep | undefined;
  /** The events of the last step whose rows have not come yet. */
  #missingEvents: EmittedEvent[] = [];
  readonly #unfinishedIntents = new Map<string, Intent>();
  #hasDiffered = false;

  constructor(domainsByHash: DomainsByHash, counts: ReplayCounts, observer: ReplayObserver) {
    this.#domainsByHash = domainsByHash;
    this.#counts = counts;
    this.#observer = observer;
  }

  addStep(step: ReappliedStep): void {
    const { row, record, message, entity, before, decision } = step;
    this.#reportMissingEvents();
    if (record.before && entity)
      this.#compareDeadlines(row, "before.deadlines", record.before.deadlines, entity.deadlines);
    this.#counts.steps++;
    // A note and tries are not part of a decision: they are taken as recorded.
    this.#compareRecords(row, record, stepRecord(message, before, decision, record));
    if (row.kind === "message") this.#compare(row, "attempt_id", row.attempt_id, decision.entity?.attempt.id || null);
    if (message.intentId !== undefined && !this.#unfinishedIntents.delete(message.intentId))
      this.#compare(row, "message.intentId", message.intentId, null);
    this.#last = step;
    this.#missingEvents = row.kind === "message" ? [...decision.events] : [];
    for (const intent of decision.intents) this.#unfinishedIntents.set(intent.id, intent);
    this.#counts.intents += decision.intents.length;
  }

  addRow(row: JournalRow): void {
    const settled = settledIntentIn(row);
    if (settled) this.#compareSettledIntent(row, settled);
    else if (row.kind === "event") this.#compareEvent(row);
    else if (row.kind === "dead_letter") this.#compareDeadLetter(row);
  }

  end(snapshot: EntitySnapshot | undefined): void {
    this.#reportMissingEvents();
    if (!snapshot || !this.#last) return;
    this.#counts.states++;
    const { row, decision } = this.#last;
    const { entity } = decision;
    if (!entity) return this.#compare(row, "entity", snapshot, null);
    const { state, reducer_state, seq, attempt, data, deadlines, state_since } = snapshot;
    const replayed = {
      state: entity.state,
      reducer_state: entity.reducerState,
      seq: entity.seq,
      attempt: entity.attempt,
      data: entity.data,
      state_since: toRfc3339(entity.stateSince),
    };
    this.#compare(row, "entity", { state, reducer_state, seq, attempt, data, state_since }, replayed);
    this.#compareDeadlines(row, "entity.deadlines", deadlines, entity.deadlines);
  }

  #compareDeadLetter(row: JournalRow): void {
    this.#counts.deadLetters++;
    const domain = this.#domainsByHash.get(row.contract_hash);
    const record = row.body as DeadLetterRecord;
    if (domain) this.#compare(row, "code", record.code, currentDecodeErrorCode(domain, row, record));
  }

  /** A reason is for people: if only its wording differs, the decision is the same. */
  #compareRecords(row: JournalRow, recorded: StepRecord, replayed: StepRecord): void {
    const { reason } = recorded.decision;
    const withSameReason = { ...replayed, decision: { ...replayed.decision, reason } };
    const isReworded = reason !== replayed.decision.reason && isSameJson(recorded, withSameReason);
    if (isReworded) this.#counts.reworded++;
    else this.#compare(row, "", recorded, replayed);
  }

  #compareEvent(row: JournalRow): void {
    this.#counts.events++;
    const event = this.#missingEvents.shift();
    const domain = this.#domainsByHash.get(row.contract_hash);
    const { type, topic, key, value, message_id, correlation_id, attempt_id } = row;
    const recorded = { type, topic, key, message_id, correlation_id, attempt_id, value };
    if (!event || !domain) return this.#compare(row, "event", recorded, null);
    const replayed = {
      type: event.type,
      topic: event.topic,
      key: String(event.payload["entity_id"]),
      message_id: event.id,
      correlation_id: event.correlationId,
      attempt_id: event.attemptId,
      value: encodeEvent(domain.name, event, undefined).value,
    };
    const [one, other] = [withParsedValue(recorded, replayed.value), withParsedValue(replayed, value)];
    const isSame = isSameJson(one, other);
    this.#compare(row, "event", isSame ? recorded : one, isSame ? replayed : other);
  }

  #compareSettledIntent(row: JournalRow, { id, type, target }: Pick<Intent, "id" | "type" | "target">): void {
    const asked = this.#unfinishedIntents.get(id);
    this.#unfinishedIntents.delete(id);
    const replayed = asked ? [asked.id, asked.type, asked.target, asked.attemptId, asked.correlationId] : null;
    this.#compare(row, "intent", [id, type, target, row.attempt_id, row.correlation_id], replayed);
  }

  #reportMissingEvents(): void {
    for (const { type } of this.#missingEvents) if (this.#last) this.#compare(this.#last.row, "event", null, type);
    this.#missingEvents = [];
  }

  /** Unjournaled renewals explain a deadline that moved forward, by the length that a contract gives. */
  #compareDeadlines(row: JournalRow, field: string, seen: Entity["deadlines"], known: Entity["deadlines"]): void {
    const isRenewal = (name: string, forMs: number): boolean =>
      [...this.#domainsByHash.values()].some((domain) => unjournaledRenewals(domain).get(name)?.forMs === forMs);
    for (const name of new Set([...Object.keys(known), ...Object.keys(seen)])) {
      const [was, is] = [known[name], seen[name]];
      const moved = was && is && is.renewedAt !== null && is.at > was.at && is.renewedAt > (was.renewedAt ?? 0);
      if (moved && isRenewal(name, is.at - (is.renewedAt ?? 0))) continue;
      this.#compare(row, `${field}.${name}`, is ?? null, was ?? null);
    }
  }

  #compare(row: JournalRow, field: string, recorded: unknown, replayed: unknown): void {
    if (isSameJson(recorded, replayed)) return;
    const follows = this.#hasDiffered;
    this.#hasDiffered = true;
    const { entity_id: entityId, partition, seq, at, type } = row;
    for (const found of jsonDifferences(recorded, replayed, field)) {
      this.#counts.differences++;
      this.#observer.difference({ entityId, partition, seq, at, type: type ?? row.kind, follows, ...found });
    }
  }
}

/**
 * The code with which the decoder refuses a dead letter now; undefined: it accepts it. The recorded code when another
 * part refused it (MISROUTED, CORE_ERROR), since that can't be repeated here.
 */
function currentDecodeErrorCode(
  domain: Domain,
  row: JournalRow,
  { origin, code }: DeadLetterRecord,
): string | undefined {
  if (code === "MISROUTED" || code === "CORE_ERROR") return code;
  const types = domain.consumed.filter(({ topic }) => topic === origin.topic);
  if (types.length === 0) return "UNKNOWN_TYPE";
  const headers = row.headers ?? {};
  if (headers["dlq_truncated"] !== undefined) return "TOO_LARGE";
  try {
    decodeRecord(domain, types, {
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

const bytesOf = (bytes: JournalBytes): Buffer =>
  typeof bytes === "string" ? Buffer.from(bytes) : Buffer.from(bytes.base64, "base64");

const isSameJson = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** The event with its value parsed, if the values differ and both are JSON: then the differing fields are reported. */
function withParsedValue(event: object & { readonly value: unknown }, other: unknown): object {
  if (event.value === other || typeof event.value !== "string" || typeof other !== "string") return event;
  try {
    const [value] = [JSON.parse(event.value) as unknown, JSON.parse(other) as unknown];
    return { ...event, value };
  } catch {
    return event;
  }
}

type JsonDifference = Pick<ReplayDifference, "field" | "recorded" | "replayed">;
const isComposite = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null;

/** The fields in which two JSON values differ. Another order of keys is a difference of the object. */
function jsonDifferences(recorded: unknown, replayed: unknown, field: string): JsonDifference[] {
  if (isSameJson(recorded, replayed)) return [];
  const comparable =
    isComposite(recorded) && isComposite(replayed) && Array.isArray(recorded) === Array.isArray(replayed);
  if (!comparable) return [{ field, recorded, replayed }];
  const keys = [...new Set([...Object.keys(recorded), ...Object.keys(replayed)])];
  const found = keys.flatMap((key) => {
    const path = Array.isArray(recorded) ? `${field}[${key}]` : field === "" ? key : `${field}.${key}`;
    return jsonDifferences(recorded[key], replayed[key], path);
  });
  return found.length > 0
    ? found
    : [{ field: `${field} (order of keys)`, recorded: Object.keys(recorded), replayed: Object.keys(replayed) }];
}
