import type { Decision } from "../../core/decision.ts";
import { type Domain, NO_ENTITY } from "../../core/domain.ts";
import { type Attempt, type Entity, isPurged } from "../../core/entity.ts";
import { derivedId } from "../../core/ids.ts";
import type { Intent } from "../../core/intent.ts";
import type { Message } from "../../core/message.ts";
import { toRfc3339 } from "../../core/time.ts";
import type { ExplorationContext } from "./exploration-context.ts";

/** The time of the first state, ms since the epoch. Example payloads have it too. */
export const START_MS = Date.UTC(2026, 0, 31, 12);

/** A state that the exploration visits: one entity, and the messages that can still reach it. Immutable. */
export interface SystemState {
  readonly entity: Entity | undefined;
  /** Broker time, ms since the epoch. */
  readonly now: number;
  /**
   * Number, 0 to 2, of the set of ids that new messages get. Each attempt takes the next set, so that ids of the
   * current attempt, of the previous one and of a new message differ. Sets are reused: the number of states is finite.
   */
  readonly idSet: number;
  /** The attempt before the current one; before the first one a made-up attempt. Its messages must change nothing. */
  readonly previousAttempt: Attempt;
  /** Intents of the current attempt that can still have an outcome or fail. */
  readonly requestedIntents: readonly Intent[];
  /** Types of the current attempt's events whose publication a contract waits for. */
  readonly unpublished: readonly string[];
  /** What invariants call `owed`: target -> the last intent there that must be compensated when the attempt ends. */
  readonly owed: ReadonlyMap<string, Intent>;
  /** What invariants call `seen`: messages and events of this attempt, of those that an invariant names. */
  readonly seen: ReadonlySet<string>;
  /** For each `eventually` invariant: whether this attempt has reached one of its states. */
  readonly eventuallyReached: readonly boolean[];
}

const idCache = new Map<string, string>();

/** The id derived from these words. Cached: deriving costs a hash, and the exploration uses few different ids. */
export function memoizedId(...words: readonly (string | number)[]): string {
  const key = words.join(" ");
  const id = idCache.get(key) ?? derivedId("check", ...words);
  idCache.set(key, id);
  return id;
}

/** The correlation id of a new message whose payload has none. */
export const defaultCorrelationId = (idSet: number): string => memoizedId("request", idSet);

/** The fields that each attempt starts anew. */
const newAttemptFields = ({ eventuallyInvariants }: ExplorationContext) => ({
  requestedIntents: [],
  unpublished: [],
  seen: new Set<string>(),
  eventuallyReached: eventuallyInvariants.map(() => false),
});

export const initialState = (context: ExplorationContext): SystemState => ({
  entity: undefined,
  now: START_MS,
  idSet: 0,
  previousAttempt: {
    number: 0,
    id: memoizedId("an unknown attempt"),
    correlationIds: [memoizedId("an unknown request")],
    awaiting: [],
  },
  owed: new Map(),
  ...newAttemptFields(context),
});

export const hasOpenedAttempt = (system: SystemState, { entity }: Decision): boolean =>
  entity !== undefined && entity.attempt.number > (system.entity?.attempt.number ?? 0);

/** The state after a step; the same object where nothing has changed. */
export function nextState(
  context: ExplorationContext,
  system: SystemState,
  message: Message,
  decision: Decision,
): SystemState {
  const { entity, intents } = decision;
  const isOfCurrentAttempt = message.kind !== "bus" && message.attemptId === entity?.attempt.id;
  const isTaken = decision.result !== "no_op" && decision.result !== "declined";
  if (!entity || (!isTaken && entity === system.entity && !isOfCurrentAttempt)) return system;
  const { domain } = context;
  if (isPurged(entity) && !isPurged(system.entity))
    return {
      ...withNewAttempt(context, system),
      entity,
      now: message.now,
      owed: owedAfter(context, system.owed, intents),
    };
  const opened = hasOpenedAttempt(system, decision);
  const before = opened ? withNewAttempt(context, system) : system;
  const isOfCurrent = ({ attemptId }: { readonly attemptId: string }) => attemptId === entity.attempt.id;
  const published = decision.events.filter(isOfCurrent).map(({ type }) => type);
  const unpublished = [
    ...before.unpublished.filter((type) => !(isOfCurrentAttempt && message.type === `published(${type})`)),
    ...published.filter((type) => domain.awaitsPublish.has(type)),
  ];
  const isSeen = isTaken && isOfAttempt(context, entity.attempt, message);
  const names = [...(isSeen ? [message.type] : []), ...published].filter((name) => context.observedNames.has(name));
  const unanswered = before.requestedIntents.filter(({ id }) => id !== message.intentId);
  return {
    ...before,
    entity,
    now: Math.max(system.now, message.now),
    requestedIntents: requestedAfter(domain, entity, [...unanswered, ...intents.filter(isOfCurrent)]),
    unpublished: [...new Set(unpublished)],
    owed: owedAfter(context, system.owed, intents),
    seen: names.every((name) => before.seen.has(name)) ? before.seen : new Set([...before.seen, ...names]),
    eventuallyReached: reachedAfter(context, before.eventuallyReached, decision, opened, entity),
  };
}

const withNewAttempt = (context: ExplorationContext, system: SystemState): SystemState => ({
  ...system,
  idSet: (system.idSet + 1) % 3,
  previousAttempt: system.entity?.attempt ?? system.previousAttempt,
  ...newAttemptFields(context),
});

/**
 * Of intents with the same type that are not awaited one is kept: a second outcome of the same kind could change
 * nothing that the first did not.
 */
function requestedAfter({ effects }: Domain, { attempt }: Entity, intents: readonly Intent[]) {
  const answerable = intents.filter(({ type }) => {
    const effect = effects.get(type);
    return effect && (effect.outputEvents.length > 0 || effect.retry.maxRetries !== "unlimited");
  });
  const isAwaited = ({ id }: Intent): boolean => attempt.awaiting.includes(id);
  return [...new Map(answerable.map((each) => [isAwaited(each) ? each.id : each.type, each])).values()];
}

function owedAfter(
  { compensations }: ExplorationContext,
  before: SystemState["owed"],
  intents: readonly Intent[],
): SystemState["owed"] {
  if (intents.length === 0) return before;
  const owed = new Map(before);
  for (const intent of intents) {
    const written = owed.get(intent.target);
    if (written && compensations.get(written.type) === intent.type) owed.delete(intent.target);
    else if (compensations.has(intent.type)) owed.set(intent.target, intent);
  }
  return owed;
}

/** A message of a type that names an attempt belongs to this one unless it carries an id of another. */
function isOfAttempt({ domain, sources }: ExplorationContext, attempt: Attempt, message: Message): boolean {
  if (message.kind !== "bus") return message.attemptId === attempt.id;
  if (!sources.get(message.type)?.namesAttempt) return true;
  const { [domain.attempt.idField]: id, correlation_id: request } = message.payload;
  const isItsRequest = request == null || domain.lifecycle === "document";
  return (id == null || id === attempt.id) && (isItsRequest || attempt.correlationIds.includes(String(request)));
}

function reachedAfter(
  { eventuallyInvariants, domain }: ExplorationContext,
  before: SystemState["eventuallyReached"],
  { moves }: Decision,
  opened: boolean,
  entity: Entity,
) {
  // What a document came to in the past says nothing of the change that is under way.
  if (domain.lifecycle === "document")
    return eventuallyInvariants.map(({ invariant: { machine }, states }) =>
      states.has(machine === "reducer" ? entity.reducerState : (entity.state ?? NO_ENTITY)),
    );
  // Transitions before the event that starts an attempt still belong to the previous one.
  const opening = moves.findIndex(({ trigger }) => trigger === domain.attempt.startedBy);
  const movesOfAttempt = opened ? moves.slice(Math.max(opening, 0)) : moves;
  return eventuallyInvariants.map(
    ({ invariant: { machine }, states }, index) =>
      before[index] === true || movesOfAttempt.some((move) => move.machine === machine && states.has(move.to)),
  );
}

const IDS_AND_TIMES =
  /"(?:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)"/g;
/** Ms since the epoch, of this century and the next: what code makes of `now`. */
const TIMES_MS = /(?<=[:,[])\d{13}(?=[,}\]])/g;
/** Counters that the runtime writes into events, and that a reducer may have copied into its data. */
const COUNTERS = /"(?:entity_seq|published_seq|attempt|version)":\d+/g;
const START = toRfc3339(START_MS);

/**
 * Equal for states from which the same can happen, of which only one is explored. So an id is replaced by its role (the
 * current attempt's, the previous one's), a time by whether it lies before the first state, and counters are left out.
 */
export function stateFingerprint(system: SystemState): string {
  const { entity, idSet, previousAttempt } = system;
  if (!entity) return "";
  const { state, reducerState, attempt, deadlines, data } = entity;
  const text = JSON.stringify([
    state,
    reducerState,
    Object.entries(deadlines).map(([name, { at, renewedAt }]) => [name, at < START_MS, renewedAt !== null]),
    attempt.correlationIds.length,
    attempt.awaiting.length,
    system.requestedIntents.map(({ type, id }) => `${type} ${attempt.awaiting.includes(id)}`).sort(),
    [...system.unpublished].sort(),
    [...system.owed].map(([target, { type, attemptId }]) => `${target} ${type} ${attemptId === attempt.id}`).sort(),
    [...system.seen].sort(),
    system.eventuallyReached,
    data,
  ]);
  const roles = new Map([
    [attempt.id, "this attempt"],
    [previousAttempt.id, "the attempt before"],
    [defaultCorrelationId(idSet), "a request to come"],
    [defaultCorrelationId((idSet + 1) % 3), "the request before"],
    [defaultCorrelationId((idSet + 2) % 3), "this request"],
  ]);
  return text
    .replace(IDS_AND_TIMES, (quoted) => {
      const value = quoted.slice(1, -1);
      if (value.includes("T")) return value < START ? "before" : "since";
      return roles.get(value) ?? "an id";
    })
    .replace(TIMES_MS, (ms) => (Number(ms) < START_MS ? '"before"' : '"since"'))
    .replace(COUNTERS, "");
}
