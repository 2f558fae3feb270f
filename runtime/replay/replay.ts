import type { EmittedEvent } from "../core/decision.ts";
import type { Entity } from "../core/entity.ts";
import { encodeEvent } from "../core/envelope.ts";
import type { Intent } from "../core/intent.ts";
import {
  type DeadLetterRecord,
  type JournalRow,
  type SettledIntentRecord,
  type StepRecord,
  type EntitySnapshot,
  stepRecord,
} from "../core/journal.ts";
import { type JsonDifference, jsonDifferences } from "./json-differences.ts";
import {
  type DomainsByHash,
  unjournaledRenewals,
  currentDecodeErrorCode,
  reapply,
  type RecordedStep,
  settledIntentIn,
  stepRecordIn,
} from "./reapply.ts";
import { toRfc3339 } from "../core/time.ts";

/** A field in which the journal and its replay differ. */
export interface ReplayDifference extends JsonDifference {
  readonly entityId: string | null;
  readonly partition: number;
  readonly seq: number;
  readonly at: string;
  /** Message type of the step. */
  readonly type: string;
  /** An earlier step of the entity differs too, so this difference may follow from that. */
  readonly follows: boolean;
}

export interface ReplayCounts {
  rows: number;
  entities: number;
  steps: number;
  events: number;
  intents: number;
  deadLetters: number;
  /** Entities whose stored row was compared with the replayed entity. */
  states: number;
  differences: number;
  /** Steps whose reason is worded differently and which are equal otherwise. */
  reworded: number;
  /** Entities that could not be replayed to their end. */
  incomplete: number;
}

export interface ReplayObserver {
  difference(difference: ReplayDifference): void;
  /** @param reason why the rest of the entity's history can't be replayed */
  incomplete(entityId: string, reason: string): void;
}

/** The entity that is being replayed. */
interface ReplayedHistory {
  readonly entityId: string;
  entity: Entity | undefined;
  /** The row of the last step, and the events of that step whose rows have not come yet. */
  lastStepRow: JournalRow | undefined;
  missingEvents: EmittedEvent[];
  readonly unfinishedIntents: Map<string, Intent>;
  /** The entity's stored row. */
  snapshot: EntitySnapshot | undefined;
  hasDiffered: boolean;
  isIncomplete: boolean;
}

/**
 * Repeats the steps of a journal and reports what is not the same byte for byte; reworded reasons are only counted.
 * Rows come entity by entity, each in the order of the journal; rows without an entity may come anywhere.
 */
export class Replay {
  readonly counts: ReplayCounts = {
    rows: 0,
    entities: 0,
    steps: 0,
    events: 0,
    intents: 0,
    deadLetters: 0,
    states: 0,
    differences: 0,
    reworded: 0,
    incomplete: 0,
  };
  readonly #domainsByHash: DomainsByHash;
  readonly #observer: ReplayObserver;
  readonly #unjournaledRenewalMs = new Map<string, Set<number>>();
  #history: ReplayedHistory | undefined;

  constructor(contracts: DomainsByHash, observer: ReplayObserver) {
    this.#domainsByHash = contracts;
    this.#observer = observer;
    for (const domain of contracts.values())
      for (const [name, { forMs }] of unjournaledRenewals(domain))
        this.#unjournaledRenewalMs.set(name, (this.#unjournaledRenewalMs.get(name) ?? new Set()).add(forMs));
  }

  addRow(row: JournalRow): void {
    this.counts.rows++;
    if (row.entity_id === null) return this.#replayDeadLetter(row);
    const history = this.#historyOf(row.entity_id);
    if (history.isIncomplete) return;
    const recorded = stepRecordIn(row);
    const settled = settledIntentIn(row);
    if (row.kind === "event") this.#compareEvent(history, row);
    else if (recorded) this.#replayStep(history, row, recorded);
    else if (settled) this.#compareSettledIntent(history, row, settled);
  }

  /** The entity's stored row, read together with the rows before it. */
  addSnapshot(entity: EntitySnapshot): void {
    this.#historyOf(entity.entity_id).snapshot = entity;
  }

  end(): ReplayCounts {
    this.#finishHistory();
    return this.counts;
  }

  #historyOf(entityId: string): ReplayedHistory {
    if (this.#history?.entityId === entityId) return this.#history;
    this.#finishHistory();
    this.counts.entities++;
    return (this.#history = {
      entityId,
      entity: undefined,
      lastStepRow: undefined,
      missingEvents: [],
      unfinishedIntents: new Map(),
      snapshot: undefined,
      hasDiffered: false,
      isIncomplete: false,
    });
  }

  #replayDeadLetter(row: JournalRow): void {
    if (row.kind !== "dead_letter") return;
    this.counts.deadLetters++;
    const domain = this.#domainsByHash.get(row.contract_hash);
    if (!domain) return;
    const { code } = row.body as DeadLetterRecord;
    this.#compare(undefined, row, "code", code, currentDecodeErrorCode(domain, row));
  }

  #replayStep(history: ReplayedHistory, row: JournalRow, recorded: RecordedStep): void {
    const { record } = recorded;
    const domain = this.#domainsByHash.get(row.contract_hash);
    if (!domain) return this.#abandon(history, `its contracts ${row.contract_hash.slice(0, 12)} are not there`);
    if (record.before && !history.entity)
      return this.#abandon(history, "its journal does not begin with its first step");
    this.#reportMissingEvents(history);
    if (record.before && history.entity)
      this.#compareDeadlines(history, row, "before.deadlines", record.before.deadlines, history.entity.deadlines);
    const { message, decision, before } = reapply(domain, history.entity, row, recorded);
    this.counts.steps++;
    // A note and tries are not part of a decision: they are taken as recorded.
    const { note, tries } = record;
    this.#compareRecords(history, row, record, stepRecord(message, before, decision, { note, tries }));
    if (row.kind === "message")
      this.#compare(history, row, "attempt_id", row.attempt_id, decision.entity?.attempt.id || null);
    if (message.intentId !== undefined && !history.unfinishedIntents.delete(message.intentId))
      this.#compare(history, row, "message.intentId", message.intentId, null);
    history.entity = decision.entity;
    history.lastStepRow = row;
    history.missingEvents = row.kind === "message" ? [...decision.events] : [];
    for (const intent of decision.intents) history.unfinishedIntents.set(intent.id, intent);
    this.counts.intents += decision.intents.length;
  }

  /** A reason is for people: if only its wording differs, the decision is the same. */
  #compareRecords(history: ReplayedHistory, row: JournalRow, recorded: StepRecord, replayed: StepRecord): void {
    const { reason } = recorded.decision;
    const withSameReason = { ...replayed, decision: { ...replayed.decision, reason } };
    const isReworded = reason !== replayed.decision.reason && isSameJson(recorded, withSameReason);
    if (isReworded) this.counts.reworded++;
    else this.#compare(history, row, "", recorded, replayed);
  }

  #compareEvent(history: ReplayedHistory, row: JournalRow): void {
    this.counts.events++;
    const event = history.missingEvents.shift();
    const domain = this.#domainsByHash.get(row.contract_hash);
    const { type, topic, key, value, message_id, correlation_id, attempt_id } = row;
    const recorded = { type, topic, key, message_id, correlation_id, attempt_id, value };
    if (!event || !domain) return this.#compare(history, row, "event", recorded, null);
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
    this.#compare(history, row, "event", isSame ? recorded : one, isSame ? replayed : other);
  }

  #compareSettledIntent(history: ReplayedHistory, row: JournalRow, { intent }: SettledIntentRecord): void {
    const { id, type, target } = intent;
    const asked = history.unfinishedIntents.get(id);
    history.unfinishedIntents.delete(id);
    const replayed = asked ? [asked.id, asked.type, asked.target, asked.attemptId, asked.correlationId] : null;
    this.#compare(history, row, "intent", [id, type, target, row.attempt_id, row.correlation_id], replayed);
  }

  #reportMissingEvents(history: ReplayedHistory): void {
    const { missingEvents, lastStepRow } = history;
    if (lastStepRow) for (const { type } of missingEvents) this.#compare(history, lastStepRow, "event", null, type);
    history.missingEvents = [];
  }

  /** Unjournaled renewals explain a deadline that moved forward, by the length that a contract gives. */
  #compareDeadlines(
    history: ReplayedHistory,
    row: JournalRow,
    field: string,
    seen: Entity["deadlines"],
    known: Entity["deadlines"],
  ): void {
    for (const name of new Set([...Object.keys(known), ...Object.keys(seen)])) {
      const [was, is] = [known[name], seen[name]];
      const moved = was && is && is.renewedAt !== null && is.at > was.at && is.renewedAt > (was.renewedAt ?? 0);
      if (moved && this.#unjournaledRenewalMs.get(name)?.has(is.at - is.renewedAt)) continue;
      this.#compare(history, row, `${field}.${name}`, is ?? null, was ?? null);
    }
  }

  #finishHistory(): void {
    const history = this.#history;
    this.#history = undefined;
    if (!history || history.isIncomplete) return;
    this.#reportMissingEvents(history);
    const { entity, snapshot, lastStepRow } = history;
    if (!snapshot || !lastStepRow) return;
    this.counts.states++;
    const replayed = entity && {
      state: entity.state,
      reducer_state: entity.reducerState,
      seq: entity.seq,
      attempt: entity.attempt,
      data: entity.data,
      state_since: toRfc3339(entity.stateSince),
    };
    this.#compare(history, lastStepRow, "entity", withKeysInOrderOf(replayed, snapshot), replayed ?? null);
    if (entity) this.#compareDeadlines(history, lastStepRow, "entity.deadlines", snapshot.deadlines, entity.deadlines);
  }

  #abandon(history: ReplayedHistory, reason: string): void {
    history.isIncomplete = true;
    this.counts.incomplete++;
    this.#observer.incomplete(history.entityId, reason);
  }

  #compare(
    history: ReplayedHistory | undefined,
    row: JournalRow,
    field: string,
    recorded: unknown,
    replayed: unknown,
  ): void {
    if (isSameJson(recorded, replayed)) return;
    const follows = history?.hasDiffered ?? false;
    if (history) history.hasDiffered = true;
    const { entity_id: entityId, partition, seq, at, type } = row;
    for (const found of jsonDifferences(recorded, replayed, field)) {
      this.counts.differences++;
      this.#observer.difference({ entityId, partition, seq, at, type: type ?? row.kind, follows, ...found });
    }
  }
}

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

/** The columns of a stored row in the order of the object that they are compared with. */
const withKeysInOrderOf = (order: object | undefined, row: EntitySnapshot): object =>
  order ? Object.fromEntries(Object.keys(order).map((key) => [key, row[key as keyof EntitySnapshot]])) : row;
