import type { EmittedEvent } from "../core/decision.ts";
import type { Entity } from "../core/entity.ts";
import { encodeEvent } from "../core/envelope.ts";
import type { Intent } from "../core/intent.ts";
import { type DeadLetterRecord, type JournalRow, type StepRecord, type StoredEntity, stepRecord } from "../core/journal.ts";
import { type JsonDifference, jsonDifferences } from "./json-differences.ts";
import { type Contracts, quietRenewals, refusalAgain, retake, settledOf, stepOf } from "./reapply.ts";
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

export interface ReplayHearer {
  difference(found: ReplayDifference): void;
  /** @param reason why the rest of the entity's history can't be taken again */
  incomplete(entityId: string, reason: string): void;
}

/** One entity on its way through its journal. */
interface History {
  readonly entityId: string;
  entity: Entity | undefined;
  /** The last row that told of a step, and its events that have not come yet. */
  last: JournalRow | undefined;
  events: EmittedEvent[];
  /** Asked for and not finished. */
  readonly intents: Map<string, Intent>;
  /** How the entity's row stood when the last of these rows were read. */
  stored: StoredEntity | undefined;
  differs: boolean;
  stopped: boolean;
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
  readonly #contracts: Contracts;
  readonly #hearer: ReplayHearer;
  readonly #renewals = new Map<string, Set<number>>();
  #history: History | undefined;

  constructor(contracts: Contracts, hearer: ReplayHearer) {
    this.#contracts = contracts;
    this.#hearer = hearer;
    for (const domain of contracts.values())
      for (const [name, { forMs }] of quietRenewals(domain))
        this.#renewals.set(name, (this.#renewals.get(name) ?? new Set()).add(forMs));
  }

  row(row: JournalRow): void {
    this.counts.rows++;
    if (row.entity_id === null) return this.#withoutEntity(row);
    const history = this.#of(row.entity_id);
    if (history.stopped) return;
    if (row.kind === "event") this.#event(history, row);
    else if (stepOf(row)) this.#step(history, row);
    else if (settledOf(row)) this.#settled(history, row);
  }

  /** The entity's stored row, as it stood when the rows before it were read. */
  stored(entity: StoredEntity): void {
    this.#of(entity.entity_id).stored = entity;
  }

  end(): ReplayCounts {
    this.#close();
    return this.counts;
  }

  #of(entityId: string): History {
    if (this.#history?.entityId === entityId) return this.#history;
    this.#close();
    this.counts.entities++;
    return (this.#history = {
      ...{ entityId, entity: undefined, last: undefined, events: [], intents: new Map() },
      ...{ stored: undefined, differs: false, stopped: false },
    });
  }

  #withoutEntity(row: JournalRow): void {
    if (row.kind !== "dead_letter") return;
    this.counts.deadLetters++;
    const domain = this.#contracts.get(row.contract_hash);
    if (!domain) return;
    const { code } = row.body as DeadLetterRecord;
    this.#compare(undefined, row, "code", code, refusalAgain(domain, row));
  }

  #step(history: History, row: JournalRow): void {
    const domain = this.#contracts.get(row.contract_hash);
    if (!domain) return this.#stop(history, `its contracts ${row.contract_hash.slice(0, 12)} are not there`);
    const { record } = stepOf(row) as NonNullable<ReturnType<typeof stepOf>>;
    if (record.before && !history.entity) return this.#stop(history, "its journal does not begin with its first step");
    this.#missing(history);
    if (record.before && history.entity)
      this.#deadlines(history, row, "before.deadlines", record.before.deadlines, history.entity.deadlines);
    const { message, decision, before } = retake(domain, history.entity, row) as NonNullable<ReturnType<typeof retake>>;
    this.counts.steps++;
    const { note, tries } = record;
    this.#decision(history, row, record, stepRecord(message, before, decision, { note, tries }));
    if (row.kind === "message")
      this.#compare(history, row, "attempt_id", row.attempt_id, decision.entity?.attempt.id || null);
    if (message.intentId !== undefined && !history.intents.delete(message.intentId))
      this.#compare(history, row, "message.intentId", message.intentId, null);
    history.entity = decision.entity;
    history.last = row;
    history.events = row.kind === "message" ? [...decision.events] : [];
    for (const intent of decision.intents) history.intents.set(intent.id, intent);
    this.counts.intents += decision.intents.length;
  }

  /** A note and tries are the shell's: taken as recorded. A reason is for people: other words are no other decision. */
  #decision(history: History, row: JournalRow, recorded: StepRecord, cameOut: StepRecord): void {
    const { reason } = recorded.decision;
    const inTheSameWords = { ...cameOut, decision: { ...cameOut.decision, reason } };
    const isReworded = reason !== cameOut.decision.reason && isSameJson(recorded, inTheSameWords);
    if (isReworded) this.counts.reworded++;
    else this.#compare(history, row, "", recorded, cameOut);
  }

  #event(history: History, row: JournalRow): void {
    this.counts.events++;
    const event = history.events.shift();
    const domain = this.#contracts.get(row.contract_hash);
    const { type, topic, key, value, message_id, correlation_id, attempt_id } = row;
    const recorded = { type, topic, key, message_id, correlation_id, attempt_id, value };
    if (!event || !domain) return this.#compare(history, row, "event", recorded, null);
    const came = {
      type: event.type,
      topic: event.topic,
      key: String(event.payload["entity_id"]),
      message_id: event.id,
      correlation_id: event.correlationId,
      attempt_id: event.attemptId,
      value: encodeEvent(domain.name, event, undefined).value,
    };
    const [one, other] = [opened(recorded, came.value), opened(came, value)];
    const isSame = isSameJson(one, other);
    this.#compare(history, row, "event", isSame ? recorded : one, isSame ? came : other);
  }

  #settled(history: History, row: JournalRow): void {
    const { id, type, target } = (settledOf(row) as NonNullable<ReturnType<typeof settledOf>>).intent;
    const asked = history.intents.get(id);
    history.intents.delete(id);
    const came = asked ? [asked.id, asked.type, asked.target, asked.attemptId, asked.correlationId] : null;
    this.#compare(history, row, "intent", [id, type, target, row.attempt_id, row.correlation_id], came);
  }

  #missing(history: History): void {
    const { events, last } = history;
    if (last) for (const { type } of events) this.#compare(history, last, "event", null, type);
    history.events = [];
  }

  /** Forward only, and by the length that a contract gives: more is not known of what is not journaled. */
  #deadlines(
    history: History,
    row: JournalRow,
    field: string,
    seen: Entity["deadlines"],
    known: Entity["deadlines"],
  ): void {
    for (const name of new Set([...Object.keys(known), ...Object.keys(seen)])) {
      const [was, is] = [known[name], seen[name]];
      const moved = was && is && is.renewedAt !== null && is.at > was.at && is.renewedAt > (was.renewedAt ?? 0);
      if (moved && this.#renewals.get(name)?.has(is.at - is.renewedAt)) continue;
      this.#compare(history, row, `${field}.${name}`, is ?? null, was ?? null);
    }
  }

  #close(): void {
    const history = this.#history;
    this.#history = undefined;
    if (!history || history.stopped) return;
    this.#missing(history);
    const { entity, stored, last } = history;
    if (!stored || !last) return;
    this.counts.states++;
    const came = entity && {
      state: entity.state,
      reducer_state: entity.reducerState,
      seq: entity.seq,
      attempt: entity.attempt,
      data: entity.data,
      state_since: toRfc3339(entity.stateSince),
    };
    this.#compare(history, last, "entity", inOrderOf(came, stored), came ?? null);
    if (entity) this.#deadlines(history, last, "entity.deadlines", stored.deadlines, entity.deadlines);
  }

  #stop(history: History, reason: string): void {
    history.stopped = true;
    this.counts.incomplete++;
    this.#hearer.incomplete(history.entityId, reason);
  }

  #compare(history: History | undefined, row: JournalRow, field: string, recorded: unknown, cameOut: unknown): void {
    if (isSameJson(recorded, cameOut)) return;
    const follows = history?.differs ?? false;
    if (history) history.differs = true;
    const { entity_id: entityId, partition, seq, at, type } = row;
    for (const found of jsonDifferences(recorded, cameOut, field)) {
      this.counts.differences++;
      this.#hearer.difference({ entityId, partition, seq, at, type: type ?? row.kind, follows, ...found });
    }
  }
}

const isSameJson = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** With the value as JSON, if it is not equal but both are: so that the field that differs is told. */
function opened(event: object & { readonly value: unknown }, other: unknown): object {
  if (event.value === other || typeof event.value !== "string" || typeof other !== "string") return event;
  try {
    const [value] = [JSON.parse(event.value) as unknown, JSON.parse(other) as unknown];
    return { ...event, value };
  } catch {
    return event;
  }
}

/** A stored row's columns in the order of what they are compared with. */
const inOrderOf = (order: object | undefined, row: StoredEntity): object =>
  order ? Object.fromEntries(Object.keys(order).map((key) => [key, row[key as keyof StoredEntity]])) : row;
