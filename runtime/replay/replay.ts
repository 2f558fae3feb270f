import type { EntitySnapshot, JournalLine } from "../core/journal.ts";
import { type DomainsByHash, EntityHistories } from "./entity-histories.ts";
import { nothingCounted, type ReplayCounts, type ReplayObserver } from "./replay-findings.ts";
import { ReplayedHistory } from "./replayed-history.ts";

/**
 * Repeats the steps of a journal and reports what is not the same byte for byte; reworded reasons are only counted.
 * Lines come partition by partition, each in the order of the journal; behind them come its entities' stored rows.
 */
export class Replay {
  readonly counts = nothingCounted();
  readonly #histories: EntityHistories;
  readonly #begin: () => ReplayedHistory;

  constructor(domainsByHash: DomainsByHash, observer: ReplayObserver) {
    const { counts } = this;
    this.#begin = () => new ReplayedHistory(domainsByHash, counts, observer);
    const begin = () => {
      counts.entities++;
      return this.#begin();
    };
    this.#histories = new EntityHistories(domainsByHash, begin, {
      incomplete: (entityId, reason) => {
        counts.incomplete++;
        observer.incomplete(entityId, reason);
      },
    });
  }

  addLine(line: JournalLine): void {
    this.counts.rows++;
    if (line.entity_id === undefined) this.#begin().addLine(line, undefined);
    this.#histories.addLine(line);
  }

  addSnapshot(snapshot: EntitySnapshot): void {
    if (!this.#histories.addSnapshot(snapshot)) this.counts.notCompared++;
  }

  end(): ReplayCounts {
    this.#histories.end();
    return this.counts;
  }
}
