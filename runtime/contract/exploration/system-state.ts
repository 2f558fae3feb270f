import type { Decision } from "../../core/decision.ts";
import type { Domain } from "../../core/domain.ts";
import type { Attempt, Entity } from "../../core/entity.ts";
import type { Intent } from "../../core/intent.ts";
import type { Message } from "../../core/message.ts";
import { memoizedId } from "./memoized-ids.ts";
import type { ExplorationContext } from "./exploration-context.ts";

/** The time of the first state, ms since the epoch. */
export const START_MS = Date.UTC(2026, 0, 1);

/** An intent of the current attempt whose outcome matters. */
interface RequestedIntent {
  readonly intent: Intent;
  readonly answered: boolean;
}

/** One entity, and all that is on its way to it. Immutable: a step makes another one. */
export interface SystemState {
  readonly entity: Entity | undefined;
  /** Broker time, ms since the epoch. */
  readonly now: number;
  /**
   * Which of three sets of ids new messages get. Each attempt takes the next one, so those of the current attempt, of
   * the one before and of a new message differ. The sets are used again, so that the number of states stays finite.
   */
  readonly idPhase: number;
  /** The attempt before the current one, or an unknown one: messages of it must change nothing. */
  readonly previousAttempt: Attempt;
  readonly requestedIntents: readonly RequestedIntent[];
  /** Types of the current attempt's events whose arrival on the bus is waited for. */
  readonly unpublished: readonly string[];
  /** Target -> the last intent there that must be compensated when the attempt ends. */
  readonly owed: ReadonlyMap<string, Intent>;
  /** Messages taken and events published in this attempt, as far as an invariant names them. */
  readonly seen: ReadonlySet<string>;
  /** For each `eventually` whether this attempt has reached one of its states. */
  readonly eventuallyReached: readonly boolean[];
}

export const initialState = ({ eventuallyInvariants }: ExplorationContext): SystemState => ({
  entity: undefined,
  now: START_MS,
  idPhase: 0,
  previousAttempt: {
    number: 0,
    id: memoizedId("an unknown attempt"),
    correlationIds: [memoizedId("an unknown request")],
    awaiting: [],
  },
  requestedIntents: [],
  unpublished: [],
  owed: new Map(),
  seen: new Set(),
  eventuallyReached: eventuallyInvariants.map(() => false),
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
  const { entity } = decision;
  const isOfCurrentAttempt = message.kind !== "bus" && message.attemptId === entity?.attempt.id;
  if (!entity || (decision.result === "no_op" && entity === system.entity && !isOfCurrentAttempt)) return system;
  const { domain } = context;
  const opened = hasOpenedAttempt(system, decision);
  const isOurs = ({ attemptId }: { readonly attemptId: string }) => attemptId === entity.attempt.id;
  const published = decision.events.filter(isOurs).map(({ type }) => type);
  const left = opened
    ? []
    : system.unpublished.filter((type) => !(isOfCurrentAttempt && message.type === `published(${type})`));
  return {
    entity,
    now: Math.max(system.now, message.now),
    idPhase: opened ? (system.idPhase + 1) % 3 : system.idPhase,
    previousAttempt: opened && system.entity ? system.entity.attempt : system.previousAttempt,
    requestedIntents: requestedAfter(
      domain,
      entity,
      opened ? [] : markAnswered(system.requestedIntents, message),
      decision.intents.filter(isOurs),
    ),
    unpublished: [...new Set([...left, ...published.filter((type) => domain.awaitsPublish.has(type))])],
    owed: owedAfter(context, system.owed, decision.intents),
    seen: seenAfter(context, opened ? new Set() : system.seen, entity, message, decision.result, published),
    eventuallyReached: reachedAfter(context, opened ? undefined : system.eventuallyReached, decision),
  };
}

const markAnswered = (asked: readonly RequestedIntent[], { intentId }: Message): readonly RequestedIntent[] =>
  asked.map((each) => (each.intent.id === intentId ? { ...each, answered: true } : each));

/**
 * Of intents that are alike one is kept: a second outcome of the same kind could change nothing that the first did not.
 */
function requestedAfter(
  { effects }: Domain,
  { attempt }: Entity,
  before: readonly RequestedIntent[],
  intents: readonly Intent[],
) {
  const mayAnswer = ({ type }: Intent): boolean => {
    const effect = effects.get(type);
    return effect !== undefined && (effect.outputEvents.length > 0 || effect.retry.maxRetries !== "unlimited");
  };
  const all = [...before, ...intents.filter(mayAnswer).map((intent): RequestedIntent => ({ intent, answered: false }))];
  const kept = new Map<string, RequestedIntent>();
  for (const each of all) {
    const counts = attempt.awaiting.includes(each.intent.id);
    if (counts || !each.answered) kept.set(`${each.intent.type} ${counts}`, each);
  }
  return [...kept.values()];
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

function seenAfter(
  context: ExplorationContext,
  before: SystemState["seen"],
  entity: Entity,
  message: Message,
  result: Decision["result"],
  published: readonly string[],
): SystemState["seen"] {
  const came = result !== "no_op" && isOfAttempt(context, entity.attempt, message) ? [message.type] : [];
  const spoken = [...came, ...published].filter((name) => context.observedNames.has(name));
  return spoken.every((name) => before.has(name)) ? before : new Set([...before, ...spoken]);
}

/** A message that answers an attempt is of this one when each id that it carries is this one's. */
function isOfAttempt({ domain, sources }: ExplorationContext, attempt: Attempt, message: Message): boolean {
  if (message.kind !== "bus") return message.attemptId === attempt.id;
  if (!sources.get(message.type)?.namesAttempt) return true;
  const { [domain.attempt.idField]: id, correlation_id: request } = message.payload;
  return (id == null || id === attempt.id) && (request == null || attempt.correlationIds.includes(String(request)));
}

function reachedAfter(
  { eventuallyInvariants, domain }: ExplorationContext,
  before: SystemState["eventuallyReached"] | undefined,
  decision: Decision,
) {
  const { moves } = decision;
  const opening = moves.findIndex(({ trigger }) => trigger === domain.attempt.startedBy);
  const own = before ? moves : moves.slice(Math.max(opening, 0));
  return eventuallyInvariants.map(
    ({ invariant: { machine }, states }, index) =>
      before?.[index] === true || own.some((move) => move.machine === machine && states.has(move.to)),
  );
}
