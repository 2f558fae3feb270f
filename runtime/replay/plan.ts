import type { Domain } from "../core/domain.ts";
import type { EntitySnapshot, JournalRow } from "../core/journal.ts";
import { EntityHistories } from "./entity-histories.ts";
import { PlannedHistory } from "./planned-history.ts";
import type { PlanObserver, PlanWindow } from "./planned-outcome.ts";
import type { DomainsByHash } from "./reapply.ts";

/**
 * What `rollcall plan` tells: how the recorded inputs of a window of time are decided under an edited contract.
 * Messages and effects' outcomes are taken as recorded; deadlines fire as they would if all services were up. What
 * can't be known is reported as unknown, never guessed. All rows of an entity are added before those of the next.
 */
export class Plan {
  readonly #histories: EntityHistories;

  /** @param recorded the contracts that the journal was written under */
  constructor(recorded: DomainsByHash, edited: Domain, window: PlanWindow, observer: PlanObserver) {
    this.#histories = new EntityHistories(
      (entityId) => new PlannedHistory(entityId, recorded, edited, window, observer),
    );
  }

  addRow(row: JournalRow): void {
    if (row.entity_id !== null) this.#histories.of(row.entity_id).addRow(row);
  }

  addSnapshot(entity: EntitySnapshot): void {
    this.#histories.of(entity.entity_id).addSnapshot(entity);
  }

  end(): void {
    this.#histories.end();
  }
}
