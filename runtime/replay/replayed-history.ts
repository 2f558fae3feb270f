import type { EmittedEvent } from "../core/emission.ts";
import type { Entity } from "../core/entity.ts";
import { loadData, UnreadableData } from "../core/entity-data.ts";
import { encodeEvent } from "../core/envelope.ts";
import type { Intent } from "../core/intent.ts";
import {
  type DeadLetterLine,
  type EndLine,
  type EntityBefore,
  type EntitySnapshot,
  type EventLine,
  type IntentLine,
  type JournalLine,
  type OpenIntent,
  type StepRecord,
  stepRecord,
} from "../core/journal.ts";
import { toRfc3339 } from "../core/time.ts";
import { currentDecodeErrorCode } from "./dead-letter-code.ts";
import { type DomainsByHash, type EntityHistory, type ReappliedStep, unjournaledRenewals } from "./entity-histories.ts";
import { isSameJson, jsonDifferences } from "./json-differences.ts";
import type { ReplayCounts, ReplayObserver } from "./replay-findings.ts";

/** The journal of one entity, or a line without one, compared with its replay. */
export class ReplayedHistory implements EntityHistory {
  readonly #domainsByHash: DomainsByHash;
  readonly #counts: ReplayCounts;
  readonly #observer: ReplayObserver;
  /** The entity's last line, and its day. */
  #previous: { readonly seq: number | undefined; readonly day: string | undefined } | undefined;
  #last: ReappliedStep | undefined;
  /** Of the last step, those whose lines have not come yet. */
  #missingEvents: EmittedEvent[] = [];
  #missingIntents: Intent[] = [];
  readonly #openIntents = new Map<string, OpenIntent>();
  #hasDiffered = false;

  constructor(domainsByHash: DomainsByHash, counts: ReplayCounts, observer: ReplayObserver) {
    this.#domainsByHash = domainsByHash;
    this.#counts = counts;
    this.#observer = observer;
  }

  begin({ prev, prev_day }: JournalLine, { intents }: EntityBefore): void {
    this.#previous = { seq: prev, day: prev_day };
    for (const intent of intents) this.#openIntents.set(intent.id, intent);
  }

  addStep(step: ReappliedStep): void {
    const { line, record, message, entity, before, decision } = step;
    this.#reportMissing();
    this.#compareLink(line, entity);
    if (entity) this.#compareDeadlines(line, "armed", record.armed ?? {}, entity.deadlines);
    this.#counts.steps++;
    // A note and tries are not part of a decision: they are taken as recorded.
    this.#compareRecords(line, record, stepRecord(message, before, decision, record));
    if (message.intentId !== undefined && !this.#openIntents.delete(message.intentId))
      this.#compare(line, "intent_id", message.intentId, null);
    this.#last = step;
    for (const intent of decision.intents) this.#openIntents.set(intent.id, intent);
    if (line.kind === "dead_letter") this.#compareDeadLetter(line);
    else {
      this.#missingEvents = [...decision.events];
      this.#missingIntents = [...decision.intents];
    }
  }

  addLine(line: JournalLine, entity: Entity | undefined): void {
    if (line.kind !== "event" && line.kind !== "intent") this.#reportMissing();
    this.#compareLink(line, entity);
    if (line.kind === "event") this.#compareEvent(line);
    else if (line.kind === "intent") this.#compareIntent(line);
    else if (line.kind === "end") this.#compareEnd(line);
    else if (line.kind === "dead_letter") this.#compareDeadLetter(line);
  }

  end({ line, entity }: Parameters<EntityHistory["end"]>[0], snapshot?: EntitySnapshot): void {
    this.#reportMissing();
    if (!snapshot) return;
    // It has moved on since the lines were read.
    if (snapshot.last_line > line.seq) return void this.#counts.notCompared++;
    this.#counts.states++;
    this.#compare(line, "entity.last_line", snapshot.last_line, line.seq);
    this.#compareEntity(line, "entity", snapshot, entity);
  }

  /** Where the line says that the one before it is, and on a new day what the entity was before it. */
  #compareLink(line: JournalLine, entity: Entity | undefined): void {
    const day = line.at.slice(0, 10);
    const previous = entity && this.#previous;
    const isNewDay = previous !== undefined && previous.day !== day;
    this.#previous = { seq: line.seq, day };
    this.#compare(line, "prev", line.prev, previous?.seq);
    this.#compare(line, "prev_day", line.prev_day, isNewDay ? previous.day : undefined);
    if (!isNewDay || !line.before) return this.#compare(line, "before", Boolean(line.before), isNewDay);
    this.#compareEntity(line, "before", line.before, entity);
    this.#compare(line, "before.intents", byId(line.before.intents), byId(this.#openIntents.values()));
  }

  #compareEntity(line: JournalLine, field: string, stored: StoredState, entity: Entity | undefined): void {
    const replayed = entity && {
      state: entity.state,
      reducer_state: entity.reducerState,
      seq: entity.seq,
      published_seq: entity.publishedSeq ?? undefined,
      attempt: entity.attempt,
      data: entity.data,
      state_since: toRfc3339(entity.stateSince),
      ended_at: entity.endedAt === undefined ? undefined : toRfc3339(entity.endedAt),
    };
    const { state, reducer_state, seq, published_seq, attempt, state_since, ended_at } = stored;
    const data = this.#loaded(line, stored.data);
    const recorded = { state, reducer_state, seq, published_seq, attempt, data, state_since, ended_at };
    this.#compare(line, field, recorded, replayed);
    if (entity) this.#compareDeadlines(line, `${field}.deadlines`, stored.deadlines, entity.deadlines);
  }

  /** What an earlier version has stored, as today's code takes it: so the replayed entity has it. */
  #loaded({ contract_hash }: JournalLine, data: unknown): unknown {
    const domain = this.#domainsByHash.get(contract_hash);
    try {
      return domain ? loadData(domain, data) : data;
    } catch (error) {
      if (!(error instanceof UnreadableData)) throw error;
      return data;
    }
  }

  #compareDeadLetter(line: JournalLine<DeadLetterLine>): void {
    this.#counts.deadLetters++;
    const domain = this.#domainsByHash.get(line.contract_hash);
    if (domain) this.#compare(line, "code", line.code, currentDecodeErrorCode(domain, line));
  }

  /** A reason is for people: if only its wording differs, the decision is the same. */
  #compareRecords(line: JournalLine, record: StepRecord, replayed: StepRecord): void {
    const names = Object.keys(replayed) as (keyof StepRecord)[];
    const recorded = Object.fromEntries(names.map((name) => [name, record[name]]));
    const { reason } = record;
    const isReworded = reason !== replayed.reason && isSameJson(recorded, { ...replayed, reason });
    if (isReworded) this.#counts.reworded++;
    else this.#compare(line, "", recorded, replayed);
  }

  #compareEvent(line: JournalLine<EventLine>): void {
    this.#counts.events++;
    const event = this.#missingEvents.shift();
    const domain = this.#last?.domain;
    const { type, topic, id, correlation_id, attempt_id, value } = line;
    const recorded = { type, topic, id, correlation_id, attempt_id, value };
    if (!event || !domain) return this.#compare(line, "event", recorded, null);
    const replayed = {
      type: event.type,
      topic: event.topic ?? undefined,
      id: event.id,
      correlation_id: event.correlationId,
      attempt_id: event.attemptId,
      value: encodeEvent(domain.name, event, undefined).value,
    };
    const [one, other] = [withParsedValue(recorded, replayed.value), withParsedValue(replayed, value)];
    const isSame = isSameJson(one, other);
    this.#compare(line, "event", isSame ? recorded : one, isSame ? replayed : other);
  }

  #compareIntent(line: JournalLine<IntentLine>): void {
    this.#counts.intents++;
    const intent = this.#missingIntents.shift();
    const { type, id, target, version, correlation_id, attempt_id, payload } = line;
    const replayed = intent && {
      ...{ type: intent.type, id: intent.id, target: intent.target, version: intent.version },
      ...{ correlation_id: intent.correlationId, attempt_id: intent.attemptId, payload: intent.payload },
    };
    const recorded = { type, id, target, version, correlation_id, attempt_id, payload };
    this.#compare(line, "intent", recorded, replayed ?? null);
  }

  #compareEnd(line: JournalLine<EndLine>): void {
    const { id, type, target, attempt_id, correlation_id } = line;
    const asked = this.#openIntents.get(id);
    this.#openIntents.delete(id);
    const replayed = asked && {
      ...{ id: asked.id, type: asked.type, target: asked.target },
      ...{ attempt_id: asked.attemptId, correlation_id: asked.correlationId },
    };
    this.#compare(line, "end", { id, type, target, attempt_id, correlation_id }, replayed ?? null);
  }

  #reportMissing(): void {
    const { line } = this.#last ?? {};
    if (line) {
      for (const { type } of this.#missingEvents) this.#compare(line, "event", null, type);
      for (const { type } of this.#missingIntents) this.#compare(line, "intent", null, type);
    }
    this.#missingEvents = [];
    this.#missingIntents = [];
  }

  /** Unjournaled renewals explain a deadline that moved forward, by the length that a contract gives. */
  #compareDeadlines(line: JournalLine, field: string, seen: Entity["deadlines"], known: Entity["deadlines"]): void {
    const isRenewal = (name: string, forMs: number): boolean =>
      [...this.#domainsByHash.values()].some((domain) => unjournaledRenewals(domain).get(name)?.forMs === forMs);
    for (const name of new Set([...Object.keys(known), ...Object.keys(seen)])) {
      const [was, is] = [known[name], seen[name]];
      const moved = was && is && is.renewedAt !== null && is.at > was.at && is.renewedAt > (was.renewedAt ?? 0);
      if (moved && isRenewal(name, is.at - (is.renewedAt ?? 0))) continue;
      this.#compare(line, `${field}.${name}`, is ?? null, was ?? null);
    }
  }

  #compare(line: JournalLine, field: string, recorded: unknown, replayed: unknown): void {
    if (isSameJson(recorded, replayed)) return;
    const follows = this.#hasDiffered;
    this.#hasDiffered = true;
    const { entity_id: entityId = null, partition, seq, at } = line;
    const type = ("type" in line && line.type) || line.kind;
    for (const found of jsonDifferences(recorded, replayed, field)) {
      this.#counts.differences++;
      this.#observer.difference({ entityId, partition, seq, at, type, follows, ...found });
    }
  }
}

type StoredState = Omit<EntityBefore, "intents" | "state_version">;

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

/** In which order they were asked for is not compared. */
const byId = (intents: Iterable<OpenIntent>): Readonly<Record<string, object>> =>
  Object.fromEntries(
    [...intents]
      .map(({ id, type, target, version, attemptId, correlationId }) => {
        return [id, { type, target, version, attemptId, correlationId }] as const;
      })
      .sort(([one], [other]) => (one < other ? -1 : 1)),
  );
