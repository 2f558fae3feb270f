import type { Domain } from "../core/domain.ts";
import type { EntitySnapshot, JournalRow } from "../core/journal.ts";
import { EntityHistories } from "./entity-histories.ts";
import { PlannedHistory } from "./planned-history.ts";
import type { PlanObserver, PlanWindow } from "./planned-outcome.ts";
import type { DomainsByHash } from "./reapply.ts";

/**
 * Runs recorded inputs under an edited contract, from a time on. Messages and effects' outcomes are taken as recorded;
 * deadlines fire as they would if all services were up. What can't be known is reported as unknown, never guessed. Rows
 * come entity by entity.
 */
export class Plan {
  readonly #histories: EntityHistories;

  constructor(contracts: DomainsByHash, edited: Domain, window: PlanWindow, observer: PlanObserver) {
    this.#histories = new EntityHistories(
      (entityId) => new PlannedHistory(entityId, contracts, edited, window, observer),
    );
  }

  row(row: JournalRow): void {
    if (row.entity_id !== null) this.#histories.of(row.entity_id).row(row);
  }

  snapshot(entity: EntitySnapshot): void {
    this.#histories.of(entity.entity_id).snapshot(entity);
  }

  end(): void {
    this.#histories.end();
  }
}
