import type { Entity } from "../core/entity.ts";
import type { EntitySnapshot, JournalRow } from "../core/journal.ts";
import { type DomainsByHash, reapply, type ReappliedStep } from "./reapply.ts";

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
interface HistoryObserver {
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
    const step = reapply(this.#domainsByHash, current.replayed, row);
    if (typeof step === "string") {
      current.history = undefined;
      this.#observer.incomplete(current.id, step);
    } else if (step) {
      current.history.addStep(step);
      current.replayed = step.decision.entity;
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
}
