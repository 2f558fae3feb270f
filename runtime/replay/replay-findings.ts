import type { HistoryObserver } from "./entity-histories.ts";
import type { JsonDifference } from "./json-differences.ts";

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

export const nothingCounted = () => ({
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
});
export type ReplayCounts = ReturnType<typeof nothingCounted>;
