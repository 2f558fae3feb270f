import type { EntitySnapshot, JournalLine } from "../core/journal.ts";
import { type DomainsByHash, EntityHistories, type HistoryObserver } from "./entity-histories.ts";
import type { JsonDifference } from "./json-differences.ts";
import { ReplayedHistory } from "./replayed-history.ts";

/** A field in which the journal and its replay differ. Its path is as `event.value.payload.attempt`. */
export interface ReplayDifference extends JsonDifference {
  readonly entityId: string | null;
  readonly partition: number;
  readonly seq: number;
  readonly at: string;
  /** Message type of the step, or what the line is. */
  readonly type: string;
  /** An earlier step of the entity differs too, so this difference may follow from that. */
  readonly follows: boolean;
}

export interface ReplayObserver extends HistoryObserver {
  difference(difference: ReplayDifference): void;
}

export type ReplayCounts = Replay["counts"];

/**
 * Repeats the steps of a journal and reports what is not the same byte for byte; reworded reasons are only counted.
 * Lines come partition by partition, each in the order of the journal; behind them come its entities' stored rows.
 */
export class Replay {
  readonly counts = {
    rows: 0,
    entities: 0,
    steps: 0,
    events: 0,
    intents: 0,
    deadLetters: 0,
    /** Entities whose stored row was compared with the replayed entity. */
    states: 0,
    /** Stored rows that were not: the entity has moved on since its lines were read, or there are no lines of it. */
    notCompared: 0,
    differences: 0,
    /** Steps whose reason is worded differently and which are equal otherwise. */
    reworded: 0,
    /** Entities that could not be replayed to their end. */
    incomplete: 0,
  };
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
