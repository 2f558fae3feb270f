import type { Decision } from "../core/decision.ts";
import type { Domain } from "../core/domain.ts";
import { type Entity, isPurged, purgedEntity } from "../core/entity.ts";
import { loadEntity, UnreadableData } from "../core/entity-data.ts";
import type { EntityBefore, EntitySnapshot, JournalLine, StepRecord } from "../core/journal.ts";
import type { Message } from "../core/message.ts";
import { step } from "../core/step.ts";

/** Compiled contracts by the hash of their content, which each line names. */
export type DomainsByHash = ReadonlyMap<string, Domain>;

/** A step that the journal records, and its repetition. */
export interface ReappliedStep {
  readonly line: JournalLine;
  readonly domain: Domain;
  readonly record: StepRecord;
  readonly message: Message;
  /** As the repeated steps before this one leave it. */
  readonly entity: Entity | undefined;
  /** As the step saw it: renewals that moved its deadlines may not be in the journal. */
  readonly before: Entity | undefined;
  readonly decision: Decision;
}

/** The journal of one entity, while it is read. */
export interface EntityHistory {
  /** The history does not begin with the entity's first step, but with this line of a later day, and what it has. */
  begin(line: JournalLine, before: EntityBefore): void;
  addStep(step: ReappliedStep): void;
  /** A line that records no step. @param entity as the repeated steps before it leave it */
  addLine(line: JournalLine, entity: Entity | undefined): void;
  /**
   * No more lines follow.
   * @param last the last one, and the entity after it
   * @param snapshot the entity's stored row
   */
  end(last: { readonly line: JournalLine; readonly entity: Entity | undefined }, snapshot?: EntitySnapshot): void;
}

interface CurrentEntity {
  readonly id: string;
  /** Undefined when the rest of its journal can't be replayed. */
  history: EntityHistory | undefined;
  entity: Entity | undefined;
  line: JournalLine;
  /** As far as lines have told it. */
  stateVersion: number | undefined;
  snapshot?: EntitySnapshot;
}
export interface HistoryObserver {
  /** @param reason why the rest of the entity's journal can't be replayed */
  incomplete(entityId: string, reason: string): void;
}

/**
 * Repeats the recorded steps of a journal and gives them to a history for each entity. Lines come partition by
 * partition, each in the order of the journal, so the histories of one partition's entities are kept at a time.
 */
export class EntityHistories {
  readonly #domainsByHash: DomainsByHash;
  readonly #begin: (entityId: string) => EntityHistory;
  readonly #observer: HistoryObserver;
  readonly #entities = new Map<string, CurrentEntity>();
  #partition: number | undefined;

  constructor(domainsByHash: DomainsByHash, begin: (entityId: string) => EntityHistory, observer: HistoryObserver) {
    this.#domainsByHash = domainsByHash;
    this.#begin = begin;
    this.#observer = observer;
  }

  addLine(line: JournalLine): void {
    this.#turnTo(line.partition);
    // What is repartitioned has a line in its entity's partition too.
    if (line.entity_id === undefined || line.kind === "repartitioned") return;
    const { line: previous } = this.#entities.get(line.entity_id) ?? {};
    const current = this.#currentOf(line.entity_id, line);
    const { history } = current;
    if (!history) return;
    current.entity = this.#withoutForgotten(current.entity, line);
    if (line.before && !current.entity) {
      current.entity = entityOf(current.id, line.before);
      history.begin(line, line.before);
    }
    const reapplied = this.#load(current, previous) ?? this.#reapply(current.entity, line);
    if (typeof reapplied === "string") {
      current.history = undefined;
      this.#observer.incomplete(current.id, reapplied);
    } else if (reapplied) {
      history.addStep(reapplied);
      current.entity = reapplied.decision.entity;
    } else history.addLine(line, current.entity);
  }

  /** Behind the lines of its partition. @returns whether there was a line of the entity */
  addSnapshot(snapshot: EntitySnapshot): boolean {
    this.#turnTo(snapshot.partition);
    const current = this.#entities.get(snapshot.entity_id);
    if (current) current.snapshot = snapshot;
    return current !== undefined;
  }

  end(): void {
    for (const { history, snapshot, ...last } of this.#entities.values()) history?.end(last, snapshot);
    this.#entities.clear();
  }

  #turnTo(partition: number): void {
    if (this.#partition !== partition) this.end();
    this.#partition = partition;
  }

  #currentOf(id: string, line: JournalLine): CurrentEntity {
    let current = this.#entities.get(id);
    if (current) current.line = line;
    else {
      const begun = { id, history: this.#begin(id), entity: undefined, line, stateVersion: undefined };
      this.#entities.set(id, (current = begun));
    }
    return current;
  }

  /**
   * Of a purged entity the number is known until its tombstone is gone: then a line of one with its id has none before
   * it. What else it begins with is its present contract's.
   */
  #withoutForgotten(entity: Entity | undefined, line: JournalLine): Entity | undefined {
    if (entity?.endedAt === undefined) return entity;
    const { id, seq, publishedSeq, endedAt } = entity;
    const domain = this.#domainsByHash.get(line.contract_hash);
    if (line.prev === undefined) return undefined;
    return domain ? purgedEntity(domain, id, { seq, publishedSeq, endedAt }) : entity;
  }

  /**
   * Where contracts or `stateVersion` changed the entity was read from the store, as it is at the beginning.
   * @returns why it can't be
   */
  #load(current: CurrentEntity, previous: JournalLine | undefined): string | undefined {
    const { entity, line } = current;
    const version = line.before?.state_version ?? current.stateVersion;
    const isSame = previous?.contract_hash === line.contract_hash && version === current.stateVersion;
    current.stateVersion = version;
    const domain = this.#domainsByHash.get(line.contract_hash);
    if (isSame || !entity || isPurged(entity) || !domain) return undefined;
    try {
      current.entity = loadEntity(domain, entity);
      return undefined;
    } catch (error) {
      if (!(error instanceof UnreadableData)) throw error;
      return `its data can't be read: ${error.message}`;
    }
  }

  /** Repeats the step of a line. @returns why it can't be repeated; undefined when the line records no step */
  #reapply(entity: Entity | undefined, line: JournalLine): ReappliedStep | string | undefined {
    if (line.prev !== undefined && !entity) return "its journal does not begin with its first step";
    const record = stepRecordIn(line);
    if (!record) return undefined;
    const domain = this.#domainsByHash.get(line.contract_hash);
    if (!domain) return `its contracts ${line.contract_hash.slice(0, 12)} are not there`;
    const before = entity && (isPurged(entity) ? entity : { ...entity, deadlines: record.armed ?? {} });
    const { of: kind, type, id, payload, now, origin, door, of_attempt: attemptId = before?.attempt.id } = record;
    const message: Message = {
      ...{ kind, type, id, payload, now, origin, door },
      entityId: line.entity_id ?? "",
      correlationId: record.correlation_id,
      intentId: record.intent_id,
      attemptId: kind === "bus" ? undefined : attemptId,
    };
    return { line, domain, record, message, entity, before, decision: step(domain, before, message) };
  }
}

/** The step that a line records, if it does; of a dead letter it is the one in which the domain's code failed. */
const stepRecordIn = (line: JournalLine): StepRecord | undefined =>
  line.kind === "message" ? line : line.kind === "dead_letter" ? line.refused : undefined;

const entityOf = (id: string, before: EntityBefore): Entity => ({
  id,
  state: before.state,
  reducerState: before.reducer_state,
  data: before.data,
  attempt: before.attempt,
  seq: before.seq,
  publishedSeq: before.published_seq ?? null,
  deadlines: before.deadlines,
  stateSince: Date.parse(before.state_since),
  ...(before.ended_at !== undefined && { endedAt: Date.parse(before.ended_at) }),
});

/** Renewals that leave no line, by the deadline's name: for how long, and by which messages. */
export function unjournaledRenewals({ consumed, orchestrator }: Domain) {
  const unjournaled = new Set(consumed.flatMap(({ type, journal }) => (journal ? [] : [type])));
  const found = new Map<string, { readonly forMs: number; readonly by: readonly string[] }>();
  for (const { deadline } of orchestrator.states.values()) {
    const by = [...(deadline?.renewedBy ?? [])].filter((type) => unjournaled.has(type));
    if (deadline && by.length > 0) found.set(deadline.name, { forMs: deadline.renewedForMs, by });
  }
  return found;
}
