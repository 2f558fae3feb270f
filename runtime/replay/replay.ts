import type { EmittedEvent } from "../core/decision.ts";
import type { Entity } from "../core/entity.ts";
import { encodeEvent } from "../core/envelope.ts";
import type { Intent } from "../core/intent.ts";
import {
  type DeadLetterRecord,
  type JournalRow,
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
  settledIntentIn,
  stepRecordIn,
} from "./reapply.ts";
import { toRfc3339 } from "../core/time.ts";

/** A place where a journal taken again comes out otherwise. */
export interface ReplayDifference extends JsonDifference {
  readonly entityId: string | null;
  readonly partition: number;
  readonly seq: number;
  readonly at: string;
  /** Of the step. */
  readonly type: string;
  /** An earlier step of the entity differs already, so this may follow from it. */
  readonly follows: boolean;
}

export interface ReplayCounts {
  rows: number;
  entities: number;
  steps: number;
  events: number;
  intents: number;
  deadLetters: number;
  /** Entities whose stored row was compared with what came out. */
  states: number;
  differences: number;
  /** Steps that are equal but for the words of their reason. */
  reworded: number;
  /** Entities that could not be taken again to their end. */
  incomplete: number;
}

export interface ReplayObserver {
  difference(difference: ReplayDifference): void;
  /** @param reason why the rest of the entity's history can't be taken again */
  incomplete(entityId: string, reason: string): void;
}

/** One entity on its way through its journal. */
interface ReplayedHistory {
  readonly entityId: string;
  entity: Entity | undefined;
  /** The last row that told of a step, and its events that have not come yet. */
  lastStepRow: JournalRow | undefined;
  missingEvents: EmittedEvent[];
  /** Asked for and not finished. */
  readonly unfinishedIntents: Map<string, Intent>;
  /** How the entity's row stood when the last of these rows were read. */
  snapshot: EntitySnapshot | undefined;
  hasDiffered: boolean;
  isIncomplete: boolean;
}

/**
 * Takes a journal again through the core and says what does not come out byte for byte, reasons apart. Rows come entity
 * by entity, in the order of the journal, those without an entity anywhere; one entity is held at a time.
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

  row(row: JournalRow): void {
    this.counts.rows++;
    if (row.entity_id === null) return this.#replayDeadLetter(row);
    const history = this.#historyOf(row.entity_id);
    if (history.isIncomplete) return;
    if (row.kind === "event") this.#compareEvent(history, row);
    else if (stepRecordIn(row)) this.#replayStep(history, row);
    else if (settledIntentIn(row)) this.#compareSettledIntent(history, row);
  }

  /** The entity's stored row, as it stood when the rows before it were read. */
  snapshot(entity: EntitySnapshot): void {
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
      ...{ entityId, entity: undefined, lastStepRow: undefined, missingEvents: [], unfinishedIntents: new Map() },
      ...{ snapshot: undefined, hasDiffered: false, isIncomplete: false },
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

  #replayStep(history: ReplayedHistory, row: JournalRow): void {
    const domain = this.#domainsByHash.get(row.contract_hash);
    if (!domain) return this.#abandon(history, `its contracts ${row.contract_hash.slice(0, 12)} are not there`);
    const { record } = stepRecordIn(row) as NonNullable<ReturnType<typeof stepRecordIn>>;
    if (record.before && !history.entity)
      return this.#abandon(history, "its journal does not begin with its first step");
    this.#reportMissingEvents(history);
    if (record.before && history.entity)
      this.#compareDeadlines(history, row, "before.deadlines", record.before.deadlines, history.entity.deadlines);
    const { message, decision, before } = reapply(domain, history.entity, row) as NonNullable<
      ReturnType<typeof reapply>
    >;
    this.counts.steps++;
    const { note, tries } = record;
    this.#decision(history, row, record, stepRecord(message, before, decision, { note, tries }));
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

  /** A note and tries are the shell's: taken as recorded. A reason is for people: other words are no other decision. */
  #decision(history: ReplayedHistory, row: JournalRow, recorded: StepRecord, cameOut: StepRecord): void {
    const { reason } = recorded.decision;
    const inTheSameWords = { ...cameOut, decision: { ...cameOut.decision, reason } };
    const isReworded = reason !== cameOut.decision.reason && isSameJson(recorded, inTheSameWords);
    if (isReworded) this.counts.reworded++;
    else this.#compare(history, row, "", recorded, cameOut);
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

  #compareSettledIntent(history: ReplayedHistory, row: JournalRow): void {
    const { id, type, target } = (settledIntentIn(row) as NonNullable<ReturnType<typeof settledIntentIn>>).intent;
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

  /** Forward only, and by the length that a contract gives: more is not known of what is not journaled. */
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

/** With the value as JSON, if it is not equal but both are: so that the field that differs is told. */
function withParsedValue(event: object & { readonly value: unknown }, other: unknown): object {
  if (event.value === other || typeof event.value !== "string" || typeof other !== "string") return event;
  try {
    const [value] = [JSON.parse(event.value) as unknown, JSON.parse(other) as unknown];
    return { ...event, value };
  } catch {
    return event;
  }
}

/** A stored row's columns in the order of what they are compared with. */
const withKeysInOrderOf = (order: object | undefined, row: EntitySnapshot): object =>
  order ? Object.fromEntries(Object.keys(order).map((key) => [key, row[key as keyof EntitySnapshot]])) : row;
