import type { Decision } from "../../core/decision.ts";
import { NO_ENTITY } from "../../core/domain.ts";
import { type Entity, isPurged } from "../../core/entity.ts";
import { doorContext } from "../../core/door.ts";
import type { Message } from "../../core/message.ts";
import type { SourceRef } from "../reading/contract-source.ts";
import type { ExplorationContext } from "./exploration-context.ts";
import { hasOpenedAttempt, type SystemState } from "./system-state.ts";

/** What is wrong, and the place in the contracts that causes it. */
export interface RuleViolation {
  readonly at: SourceRef;
  readonly message: string;
  readonly remedy: string;
  readonly related?: readonly { readonly at: SourceRef; readonly message: string }[];
}

export interface Step {
  readonly before: SystemState;
  readonly message: Message;
  readonly decision: Decision;
  readonly after: SystemState;
}

export const describePlace = ({ state, reducerState }: Entity): string =>
  `${state ?? "no state"} (reducer ${reducerState})`;

/** The first rule that a step breaks: one mistake is meant to be one diagnostic. */
export function firstViolation(context: ExplorationContext, step: Step): RuleViolation | undefined {
  const { entity } = step.after;
  const refused = refusedMessage(context, step) ?? nobodyLetIn(context, step);
  if (refused || !entity || isPurged(entity)) return refused;
  return (
    lostEvent(context, step, entity) ??
    restsInTransient(context, entity) ??
    secondOutcome(context, step) ??
    missingCompensation(context, step, entity) ??
    brokenInvariant(context, step, entity)
  );
}

/** Where a message, or a raised name, is routed. */
function routeRef({ model }: ExplorationContext, route: string): SourceRef {
  const routed = [...model.handlers, ...model.triggers].find(({ event }) => event.name === route);
  return routed?.event.at ?? model.startedBy.at;
}

function refusedMessage(context: ExplorationContext, { message, decision }: Step): RuleViolation | undefined {
  const { result, reason, entity } = decision;
  if (result !== "refused") return undefined;
  const where = entity ? ` in ${describePlace(entity)}` : "";
  return {
    at: routeRef(context, context.calls.at(-1)?.route ?? message.type),
    message: `${message.type} is refused${where}: ${reason}`,
    remedy: "add the transition, let a row say no_op there, or correct the function",
  };
}

/** Where only owners may come, a row that decides for a caller without an identity. */
function nobodyLetIn({ calls }: ExplorationContext, { message, before }: Step): RuleViolation | undefined {
  const [call] = calls;
  const { caller } = doorContext(message.door);
  if (!call?.unguarded || call.route !== message.type || caller.id !== "" || caller.privileged) return undefined;
  const where = before.entity ? describePlace(before.entity) : "no state";
  return {
    at: call.unguarded.at,
    message: `${message.type} lets nobody in in ${where}: rows there ask for an owner, and this one decides for no one`,
    remedy: "let a row above refuse when caller.id == ''; a row for anybody says so itself: when: caller.id == ''",
  };
}

/** Events that a function returned and no transition accepted: the core drops them. */
function lostEvent(
  context: ExplorationContext,
  { message, decision: { events, reason } }: Step,
  entity: Entity,
): RuleViolation | undefined {
  const returned = context.calls.flatMap((call) => call.events.map(({ type }) => ({ route: call.route, type })));
  const lost = returned.find(({ type }, index) => events[index]?.type !== type);
  if (!lost) return undefined;
  const { route, type } = lost;
  const where = `${message.type} in ${describePlace(entity)}: ${reason}`;
  return {
    at: routeRef(context, route),
    message: `${type}, returned for ${route}, is lost: no transition accepts it (${where})`,
    remedy: `add the transition on ${type}, or let a row say no_op there`,
  };
}

function restsInTransient({ model }: ExplorationContext, entity: Entity): RuleViolation | undefined {
  const { orchestrator, reducer } = model;
  const states = [orchestrator.states.get(entity.state ?? NO_ENTITY), reducer.states.get(entity.reducerState)];
  const state = states.find((each) => each?.transient);
  return (
    state && {
      at: state.at,
      message: `${state.name} is transient, but the entity rests in ${describePlace(entity)}`,
      remedy: `let the event that leads to ${state.name} be followed by one that leads on, or remove is_transient`,
    }
  );
}

/** An attempt has one outcome: once it has ended, only another attempt may change the state. A document may go on. */
function secondOutcome({ model, domain }: ExplorationContext, { decision }: Step): RuleViolation | undefined {
  const { states, transitions } = model.orchestrator;
  if (model.lifecycle === "document") return undefined;
  const { startedBy } = domain.attempt;
  const isTerminal = (state: string): boolean => states.get(state)?.terminal === true;
  const isEnd = (event: string) => transitions.some(({ trigger, to }) => trigger.name === event && isTerminal(to.name));
  const again = decision.moves.find(
    ({ machine, from, to, trigger }) =>
      machine === "orchestrator" &&
      from !== NO_ENTITY &&
      isTerminal(from) &&
      trigger !== startedBy &&
      (to !== from || isEnd(trigger)),
  );
  if (!again) return undefined;
  const { from, to, trigger } = again;
  const another = model.lifecycle === "attempts" ? `, or let ${startedBy} open another attempt first` : "";
  const taken = transitions.find(
    (each) => each.from.name === from && each.to.name === to && each.trigger.name === trigger,
  );
  return {
    at: taken?.from.at ?? model.startedBy.at,
    message: `the attempt has ended in ${from}, and ${trigger} leads on to ${to}: an attempt has one outcome`,
    remedy: `take ${from} out of this transition${another}`,
  };
}

/** What an attempt wrote is compensated when the attempt ends or is superseded; a document has no such end. */
function missingCompensation(
  { model, compensations }: ExplorationContext,
  { before, decision, after }: Step,
  { attempt, state }: Entity,
): RuleViolation | undefined {
  if (model.lifecycle === "document") return undefined;
  const ended = model.orchestrator.states.get(state ?? NO_ENTITY);
  const left = [...after.owed].find(([, { attemptId }]) => attemptId !== attempt.id || ended?.terminal);
  if (!left) return undefined;
  const [target, { type, attemptId }] = left;
  const compensation = compensations.get(type) ?? "";
  const effect = model.effects.find(({ intent }) => intent.name === type);
  const superseded = attemptId !== attempt.id || hasOpenedAttempt(before, decision);
  const why = superseded ? "was superseded" : `has ended in ${state ?? ""}`;
  return {
    at: effect?.compensatedBy?.at ?? model.startedBy.at,
    message: `${type} is not compensated at ${target}: its attempt ${why}, and no ${compensation} went there`,
    remedy: `let the reducer's transition emit ${compensation} for the same target`,
    related: ended?.terminal ? [{ at: ended.at, message: "the attempt ends here" }] : [],
  };
}

function brokenInvariant(
  { neverInvariants }: ExplorationContext,
  { after: { seen, owed } }: Step,
  entity: Entity,
): RuleViolation | undefined {
  const payload = {
    orchestrator: entity.state,
    reducer: entity.reducerState,
    seen: [...seen],
    owed: [...owed.values()].map(({ type }) => type),
  };
  const facts = { payload, state: entity.data, unconfirmed: entity.attempt.awaiting.length };
  const broken = neverInvariants.find(({ holds }) => holds(facts))?.invariant;
  return (
    broken && {
      at: broken.at,
      message: `${broken.name} is violated in ${describePlace(entity)}`,
      remedy: "make a step of the timeline impossible, or correct the invariant",
    }
  );
}
