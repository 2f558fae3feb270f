import type { Decision, MachineTransition } from "../../core/decision.ts";
import { NO_ENTITY } from "../../core/domain.ts";
import type { Entity } from "../../core/entity.ts";
import type { Message } from "../../core/message.ts";
import type { DomainModel, StateModel } from "../model/domain-model.ts";
import type { SourceRef } from "../reading/source-ref.ts";
import type { ExplorationContext } from "./exploration-context.ts";
import { hasOpenedAttempt, type SystemState } from "./system-state.ts";

/** What is wrong with a system, and where the contracts make it so. */
export interface RuleViolation {
  readonly at: SourceRef;
  readonly message: string;
  readonly remedy: string;
  readonly related?: readonly { readonly at: SourceRef; readonly message: string }[];
}

const describePlace = ({ state, reducerState }: Entity): string => `${state ?? "no state"} (reducer ${reducerState})`;

/** The first rule that a step breaks: one mistake is meant to be one finding. */
export function firstViolation(
  context: ExplorationContext,
  before: SystemState,
  message: Message,
  decision: Decision,
  after: SystemState,
): RuleViolation | undefined {
  const { entity } = after;
  if (!entity) return decision.result === "refused" ? refusedMessage(context, message, decision) : undefined;
  return (
    (decision.result === "refused" ? refusedMessage(context, message, decision) : undefined) ??
    lostEvent(context, message, decision, entity) ??
    restsInTransient(context, entity) ??
    secondOutcome(context, decision) ??
    missingCompensation(context, before, decision, after, entity) ??
    brokenInvariant(context, entity, after)
  );
}

/** Where a message, or a raised name, is routed. */
function routeRef({ model }: ExplorationContext, route: string): SourceRef {
  const handler = model.handlers.find(({ event }) => event.name === route);
  return handler?.event.at ?? model.triggers.find(({ event }) => event.name === route)?.event.at ?? model.startedBy.at;
}

function refusedMessage(context: ExplorationContext, { type }: Message, { reason, entity }: Decision): RuleViolation {
  const where = entity ? ` in ${describePlace(entity)}` : "";
  return {
    at: routeRef(context, context.calls.at(-1)?.route ?? type),
    message: `${type} is refused${where}: ${reason}`,
    remedy: "add the transition, let a row say no_op there, or correct the function",
  };
}

/** Events that a function returned and no transition accepted: nobody is told of them. */
function lostEvent(
  context: ExplorationContext,
  { type }: Message,
  { events, reason }: Decision,
  entity: Entity,
): RuleViolation | undefined {
  const accepted = events.map((event) => event.type);
  for (const { route, events: returned } of context.calls)
    for (const each of returned) {
      if (accepted[0] === each.type) accepted.shift();
      else
        return {
          at: routeRef(context, route),
          message:
            `${each.type}, returned for ${route}, is lost: no transition accepts it (${type} in ` +
            `${describePlace(entity)}: ${reason})`,
          remedy: `add the transition on ${each.type}, or let a row say no_op there`,
        };
    }
  return undefined;
}

function restsInTransient({ model }: ExplorationContext, entity: Entity): RuleViolation | undefined {
  const states = [
    model.orchestrator.states.get(entity.state ?? NO_ENTITY),
    model.reducer.states.get(entity.reducerState),
  ];
  const rest = states.find((state) => state?.transient);
  return (
    rest && {
      at: rest.at,
      message: `${rest.name} is transient, but the entity rests in ${describePlace(entity)}`,
      remedy: `let the event that leads to ${rest.name} be followed by one that leads on, or remove is_transient`,
    }
  );
}

/** An attempt has one outcome: once it has ended, only the opening of another leads on. */
function secondOutcome({ model, domain }: ExplorationContext, { moves }: Decision): RuleViolation | undefined {
  const { states, transitions } = model.orchestrator;
  const isEnd = (trigger: string) =>
    transitions.some(({ trigger: { name }, to }) => name === trigger && states.get(to.name)?.terminal === true);
  const again = moves.find(
    ({ machine, from, to, trigger }) =>
      machine === "orchestrator" &&
      from !== NO_ENTITY &&
      states.get(from)?.terminal === true &&
      trigger !== domain.attempt.startedBy &&
      (to !== from || isEnd(trigger)),
  );
  return (
    again && {
      at: transitionRef(model, again),
      message:
        `the attempt has ended in ${again.from}, and ${again.trigger} leads on to ${again.to}: an ` +
        "attempt has one outcome",
      remedy:
        `take ${again.from} out of this transition, or let ${domain.attempt.startedBy} open another ` + "attempt first",
    }
  );
}

const transitionRef = ({ orchestrator, startedBy }: DomainModel, { from, to, trigger }: MachineTransition): SourceRef =>
  orchestrator.transitions.find(
    (each) => each.from.name === from && each.to.name === to && each.trigger.name === trigger,
  )?.from.at ?? startedBy.at;

/** What an attempt asked to be written is taken back when it ends or is superseded, or belongs to the next one. */
function missingCompensation(
  { model, compensations }: ExplorationContext,
  before: SystemState,
  decision: Decision,
  { owed }: SystemState,
  { attempt, state }: Entity,
): RuleViolation | undefined {
  const ended = model.orchestrator.states.get(state ?? NO_ENTITY);
  const left = [...owed].find(([, { attemptId }]) => attemptId !== attempt.id || ended?.terminal);
  if (!left) return undefined;
  const [target, { type, attemptId }] = left;
  const compensation = compensations.get(type) ?? "";
  const effect = model.effects.find(({ intent }) => intent.name === type);
  const superseded = attemptId !== attempt.id || hasOpenedAttempt(before, decision);
  const why = superseded ? "was superseded" : `has ended in ${state ?? ""}`;
  const related: RuleViolation["related"] = ended?.terminal ? [{ at: ended.at, message: "the attempt ends here" }] : [];
  return {
    at: effect?.compensatedBy?.at ?? model.startedBy.at,
    message: `${type} is not compensated at ${target}: its attempt ${why}, and no ${compensation} went there`,
    remedy: `let the reducer's transition emit ${compensation} for the same target`,
    related,
  };
}

function brokenInvariant(
  { neverInvariants }: ExplorationContext,
  entity: Entity,
  { seen, owed }: SystemState,
): RuleViolation | undefined {
  const facts = {
    payload: {
      orchestrator: entity.state,
      reducer: entity.reducerState,
      seen: [...seen],
      owed: [...owed.values()].map(({ type }) => type),
    },
    state: entity.data,
    unconfirmed: entity.attempt.awaiting.length,
  };
  const broken = neverInvariants.find(({ holds }) => holds(facts));
  if (!broken) return undefined;
  const { invariant } = broken;
  return {
    at: invariant.at,
    message: `${invariant.name} is violated in ${describePlace(entity)}`,
    remedy: "make a step of the timeline impossible, or correct the invariant",
  };
}

/** What is wrong with a system that nothing can mend any more. */
export const deadlockViolation = (state: StateModel, entity: Entity): RuleViolation => ({
  at: state.at,
  message: `${describePlace(entity)} can't go on: no outcome, publish or deadline is pending that could end it`,
  remedy: "give the state a deadline, or let an earlier outcome or publish lead out of it",
});

export const livelockViolation = (state: StateModel, entity: Entity): RuleViolation => ({
  at: state.at,
  message: `${describePlace(entity)} never ends: outcomes, publishes and deadlines form a cycle`,
  remedy: "let one of them lead to a state that is terminal",
});

export const noNewAttemptViolation = (state: StateModel, entity: Entity, startedBy: string): RuleViolation => ({
  at: state.at,
  message: `${describePlace(entity)} allows no further attempt: whatever happens, ${startedBy} opens no other attempt`,
  remedy: `let a message return ${startedBy} here, and a transition accept it`,
});

export const eventuallyViolation = (name: string, at: SourceRef, entity: Entity): RuleViolation => ({
  at,
  message:
    `${name} does not hold: an attempt ends in ${describePlace(entity)} without having reached one of ` + "its states",
  remedy: "let a deadline or an outcome lead there, or correct the invariant",
});
