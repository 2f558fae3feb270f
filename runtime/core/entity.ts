import type { Domain, Machine } from "./domain.ts";
import type { ArmedDeadline, EntityView } from "./handler.ts";
import type { Message } from "./message.ts";

/** An entity's run from the event under `started_by` to its terminal state; of a document its life. */
export interface Attempt {
  readonly number: number;
  readonly id: string;
  /**
   * That of the message which started the attempt first, then those of at most 8 absorbed messages. Of a document none:
   * what it does belongs to the message that caused it.
   */
  readonly correlationIds: readonly string[];
  /** Ids of the intents that count for `unconfirmed` and have no outcome yet. */
  readonly awaiting: readonly string[];
  /** Of a document: the target of each of `awaiting`. */
  readonly targets?: readonly string[];
}

/** The attempt that a deadline, an intent or an event belongs to. Its correlation id is empty in a document. */
export const attemptRefOf = (entityId: string, { id, correlationIds }: Attempt) => ({
  entityId,
  attemptId: id,
  correlationId: correlationIds[0] ?? "",
});
export type AttemptRef = Readonly<ReturnType<typeof attemptRefOf>>;

/** One thing that a domain tracks. Immutable; all its data is the reducer's. */
export interface Entity {
  readonly id: string;
  /** The orchestrator's state; null before the first attempt. */
  readonly state: string | null;
  readonly reducerState: string;
  readonly data: unknown;
  readonly attempt: Attempt;
  /** Increases by one with each event. */
  readonly seq: number;
  /** How many of its events were for a topic; null: all of them. */
  readonly publishedSeq: number | null;
  readonly deadlines: Readonly<Record<string, ArmedDeadline>>;
  /** Event time at which the orchestrator's state was entered, ms since the epoch. */
  readonly stateSince: number;
  /** Only where it was purged: when it had ended. Nothing else is left of it but its id and its numbers. */
  readonly endedAt?: number;
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

/** The entity that the first message for an id creates: in no state yet. */
export const newEntity = (domain: Domain, { entityId, now }: Pick<Message, "entityId" | "now">): Entity => ({
  id: entityId,
  state: null,
  reducerState: domain.reducer.initial,
  data: domain.reducerCode.initial,
  attempt: { number: 0, id: "", correlationIds: [], awaiting: [] },
  seq: 0,
  publishedSeq: null,
  deadlines: {},
  stateSince: now,
});

/**
 * What is left of a purged entity. It is in no state, as one that was never there; a message that brings it back goes
 * on from its numbers, so that its versions never go back.
 * @param left.endedAt when the state was entered in which it ended, ms since the epoch
 */
export const purgedEntity = (
  domain: Domain,
  id: string,
  left: Pick<Entity, "seq" | "publishedSeq"> & { readonly endedAt: number },
): Entity => ({
  ...newEntity(domain, { entityId: id, now: left.endedAt }),
  ...left,
});

export const isPurged = (entity: Entity | undefined): boolean => entity?.endedAt !== undefined;

/** For the code that creates an entity, until it hands it on. */
export type MutableEntity = { -readonly [Key in keyof Entity]: Entity[Key] };

// The next two copy field by field: V8 gives the result of a spread an outdated hidden class, and migrates the object
// at each later access. What is changed of a purged entity is a new one: `endedAt` is left out.
export const mutableCopyOf = (entity: Entity): MutableEntity => ({
  id: entity.id,
  state: entity.state,
  reducerState: entity.reducerState,
  data: entity.data,
  attempt: entity.attempt,
  seq: entity.seq,
  publishedSeq: entity.publishedSeq,
  deadlines: entity.deadlines,
  stateSince: entity.stateSince,
});

const NO_IDS: readonly string[] = [];

export const withAwaiting = ({ number, id, correlationIds }: Attempt, awaiting: readonly string[]): Attempt => ({
  number,
  id,
  correlationIds,
  // Most entities await nothing: they share one empty list.
  awaiting: awaiting.length === 0 ? NO_IDS : awaiting,
});
