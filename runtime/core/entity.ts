import type { Machine } from "./domain.ts";
import type { Domain } from "./domain.ts";
import type { ArmedDeadline, EntityView } from "./handler.ts";
import type { Message } from "./message.ts";

/** One run from its `started_by` event to its end. */
export interface Attempt {
  readonly number: number;
  readonly id: string;
  /** The attempt's own first, then those of at most 8 absorbed messages. */
  readonly correlationIds: readonly string[];
  /** Ids of the intents that count for `unconfirmed` and have no outcome yet. */
  readonly awaiting: readonly string[];
}

/** One thing tracked by a domain. Immutable; the reducer's data is all the data it has. */
export interface Entity {
  readonly id: string;
  /** The orchestrator's state; null before the first attempt. */
  readonly state: string | null;
  readonly reducerState: string;
  readonly data: unknown;
  readonly attempt: Attempt;
  /** Rises by one with each published event. */
  readonly seq: number;
  readonly deadlines: Readonly<Record<string, ArmedDeadline>>;
  /** Event time at which the orchestrator's state was entered, ms since the epoch. */
  readonly stateSince: number;
}

export const CORRELATION_IDS_MAX = 9;

export const viewOf = (entity: Entity, orchestrator: Machine): EntityView<never> => ({
  id: entity.id,
  state: entity.state,
  isLive: entity.state !== null && orchestrator.states.get(entity.state)?.terminal === false,
  data: entity.data as never,
  attempt: entity.attempt,
  deadlines: entity.deadlines,
});

/** An entity that its first message is about: in no state yet. */
export const newEntity = (domain: Domain, { entityId, now }: Message): Entity => ({
  id: entityId,
  state: null,
  reducerState: domain.reducer.initial,
  data: domain.reducerCode.initial,
  attempt: { number: 0, id: "", correlationIds: [], awaiting: [] },
  seq: 0,
  deadlines: {},
  stateSince: now,
});

/** An entity that whoever made it may still change. */
export type MutableEntity = { -readonly [Key in keyof Entity]: Entity[Key] };

/**
 * Field by field: what V8 makes of a spread keeps the layout that it had when the spread first ran, and each later look
 * at such an object costs a move to the present one.
 */
export const mutableCopyOf = ({
  id,
  state,
  reducerState,
  data,
  attempt,
  seq,
  deadlines,
  stateSince,
}: Entity): MutableEntity => ({
  id,
  state,
  reducerState,
  data,
  attempt,
  seq,
  deadlines,
  stateSince,
});

const NO_IDS: readonly string[] = [];

/** Likewise. */
export const withAwaiting = ({ number, id, correlationIds }: Attempt, awaiting: readonly string[]): Attempt => ({
  number,
  id,
  correlationIds,
  // Of most entities, most of the time.
  awaiting: awaiting.length === 0 ? NO_IDS : awaiting,
});
