import type { Decision } from "../core/decision.ts";
import type { Domain } from "../core/domain.ts";
import type { Entity } from "../core/entity.ts";
import type { DeadLetterRecord, EntitySnapshot, JournalRow, SettledIntentRecord, StepRecord } from "../core/journal.ts";
import type { Message } from "../core/message.ts";
import { step } from "../core/step.ts";

/** Compiled contracts by the hash of their content, which each journal row names. */
export type DomainsByHash = ReadonlyMap<string, Domain>;

/** A step that the journal records, and its repetition. */
export interface ReappliedStep {
  readonly row: JournalRow;
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
  addStep(step: ReappliedStep): void;
  /** A row that records no step. */
  addRow(row: JournalRow): void;
  /** No more rows follow. @param snapshot the entity's stored row, read together with the rows before it */
  end(snapshot: EntitySnapshot | undefined): void;
}

interface CurrentEntity {
  readonly id: string;
  /** Undefined when the rest of its journal can't be replayed. */
  history: EntityHistory | undefined;
  replayed?: Entity | undefined;
  snapshot?: EntitySnapshot;
}
export interface HistoryObserver {
  /** @param reason why the rest of the entity's journal can't be replayed */
  incomplete(entityId: string, reason: string): void;
}

/**
 * Repeats the recorded steps of a journal and gives them to a history for each entity. Rows come entity by entity, each
 * in the order of the journal, so one history is kept at a time; rows without an entity may come anywhere.
 */
export class EntityHistories {
  readonly #domainsByHash: DomainsByHash;
  readonly #begin: (entityId: string) => EntityHistory;
  readonly #observer: HistoryObserver;
  #current: CurrentEntity | undefined;

  constructor(domainsByHash: DomainsByHash, begin: (entityId: string) => EntityHistory, observer: HistoryObserver) {
    this.#domainsByHash = domainsByHash;
    this.#begin = begin;
    this.#observer = observer;
  }

  addRow(row: JournalRow): void {
    if (row.entity_id === null) return;
    const current = this.#turnTo(row.entity_id);
    if (!current.history) return;
    const reapplied = this.#reapply(current.replayed, row);
    if (typeof reapplied === "string") {
      current.history = undefined;
      this.#observer.incomplete(current.id, reapplied);
    } else if (reapplied) {
      current.history.addStep(reapplied);
      current.replayed = reapplied.decision.entity;
    } else current.history.addRow(row);
  }

  addSnapshot(entity: EntitySnapshot): void {
    this.#turnTo(entity.entity_id).snapshot = entity;
  }

  end(): void {
    this.#current?.history?.end(this.#current.snapshot);
    this.#current = undefined;
  }

  #turnTo(id: string): CurrentEntity {
    if (this.#current?.id === id) return this.#current;
    this.end();
    return (this.#current = { id, history: this.#begin(id) });
  }

  /** Repeats the step of a row. @returns why it can't be repeated; undefined when the row records no step */
  #reapply(entity: Entity | undefined, row: JournalRow): ReappliedStep | string | undefined {
    const found = stepRecordIn(row);
    if (!found) return undefined;
    const { message_id: messageId = row.message_id, ...record } = found;
    const domain = this.#domainsByHash.get(row.contract_hash);
    if (!domain) return `its contracts ${row.contract_hash.slice(0, 12)} are not there`;
    if (record.before && !entity) return "its journal does not begin with its first step";
    const before = entity && record.before ? { ...entity, deadlines: record.before.deadlines } : entity;
    const { payload, now, origin, intentId, attemptId = before?.attempt.id } = record.message;
    const message: Message = {
      kind: record.kind,
      type: row.type ?? "",
      id: messageId ?? "",
      entityId: row.entity_id ?? "",
      correlationId: row.correlation_id ?? "",
      payload,
      now,
      origin,
      intentId,
      attemptId: record.kind === "bus" ? undefined : attemptId,
    };
    return { row, domain, record, message, entity, before, decision: step(domain, before, message) };
  }
}

/** The step that a row records. When it was refused, the row's `message_id` is the dead letter's. */
function stepRecordIn(row: JournalRow): (StepRecord & { readonly message_id?: string }) | undefined {
  if (row.kind === "dead_letter") return (row.body as DeadLetterRecord).refused;
  return row.kind === "message" && !settledIntentIn(row) ? (row.body as StepRecord) : undefined;
}

/** The intent whose end a row records, if no step was taken for it. */
export const settledIntentIn = ({ kind, body }: JournalRow): SettledIntentRecord["intent"] | undefined =>
  kind === "message" && (body as SettledIntentRecord).kind === "settled"
    ? (body as SettledIntentRecord).intent
    : undefined;

/** Renewals that leave no journal row, by the deadline's name: for how long, and by which messages. */
export function unjournaledRenewals({ consumed, orchestrator }: Domain) {
  const unjournaled = new Set(consumed.flatMap(({ type, journal }) => (journal ? [] : [type])));
  const found = new Map<string, { readonly forMs: number; readonly by: readonly string[] }>();
  for (const { deadline } of orchestrator.states.values()) {
    const by = [...(deadline?.renewedBy ?? [])].filter((type) => unjournaled.has(type));
    if (deadline && by.length > 0) found.set(deadline.name, { forMs: deadline.renewedForMs, by });
  }
  return found;
}
