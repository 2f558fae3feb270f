import type { EntitySnapshot, JournalRow } from "../core/journal.ts";

/** The journal of one entity, while it is read. */
export interface EntityHistory {
  addRow(row: JournalRow): void;
  /** The entity's stored row, read together with the rows before it. */
  addSnapshot(entity: EntitySnapshot): void;
  /** No more rows follow. */
  end(): void;
}

/** Gives each entity's rows to a history of its own. Rows come entity by entity, so one history is kept at a time. */
export class EntityHistories {
  readonly #begin: (entityId: string) => EntityHistory;
  #current: { readonly entityId: string; readonly history: EntityHistory } | undefined;

  constructor(begin: (entityId: string) => EntityHistory) {
    this.#begin = begin;
  }

  of(entityId: string): EntityHistory {
    if (this.#current?.entityId !== entityId) {
      this.end();
      this.#current = { entityId, history: this.#begin(entityId) };
    }
    return this.#current.history;
  }

  end(): void {
    this.#current?.history.end();
    this.#current = undefined;
  }
}
