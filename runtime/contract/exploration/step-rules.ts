import type { Decision, Move } from "../../core/decision.ts";
import { NO_ENTITY } from "../../core/domain.ts";
import type { Entity } from "../../core/entity.ts";
import type { Message } from "../../core/message.ts";
import type { DomainModel, StateModel } from "../model/domain-model.ts";
import type { Spot } from "../reading/source-ref.ts";
import type { Setting } from "./exploration-context.ts";
import { hasOpened, type World } from "./system-state.ts";

/** What is wrong with a world, and where the contracts make it so. */
export interface Finding {
  readonly at: Spot;
  readonly message: string;
  readonly remedy: string;
  readonly related?: readonly { readonly at: Spot; readonly message: string }[];
}

const place = ({ state, reducerState }: Entity): string => `${state ?? "no state"} (reducer ${reducerState})`;

/** The first rule that a step breaks: one mistake is meant to be one finding. */
export function brokenBy(
  setting: Setting,
  before: World,
  message: Message,
  decision: Decision,
  after: World,
): Finding | undefined {
  const { entity } = after;
  if (!entity) return decision.result === "refused" ? refused(setting, message, decision) : undefined;
  return (
    (decision.result === "refused" ? refused(setting, message, decision) : undefined) ??
    lost(setting, message, decision, entity) ??
    restsInTransient(setting, entity) ??
    endsTwice(setting, decision) ??
    leavesBehind(setting, before, decision, after, entity) ??
    violates(setting, entity, after)
  );
}

/** Where a message, or a raised name, is routed. */
function routeAt({ model }: Setting, route: string): Spot {
  const handler = model.handlers.find(({ event }) => event.name === route);
  return handler?.event.at ?? model.triggers.find(({ event }) => event.name === route)?.event.at ?? model.startedBy.at;
}

function refused(setting: Setting, { type }: Message, { reason, entity }: Decision): Finding {
  const where = entity ? ` in ${place(entity)}` : "";
  return {
    at: routeAt(setting, setting.calls.at(-1)?.route ?? type),
    message: `${type} is refused${where}: ${reason}`,
    remedy: "add the transition, let a row say no_op there, or correct the function",
  };
}

/** Events that a function returned and no transition accepted: nobody is told of them. */
function lost(setting: Setting, { type }: Message, { events, reason }: Decision, entity: Entity): Finding | undefined {
  const accepted = events.map((event) => event.type);
  for (const { route, events: returned } of setting.calls)
    for (const each of returned) {
      if (accepted[0] === each.type) accepted.shift();
      else
        return {
          at: routeAt(setting, route),
          message:
            `${each.type}, returned for ${route}, is lost: no transition accepts it (${type} in ` +
            `${place(entity)}: ${reason})`,
          remedy: `add the transition on ${each.type}, or let a row say no_op there`,
        };
    }
  return undefined;
}

function restsInTransient({ model }: Setting, entity: Entity): Finding | undefined {
  const states = [
    model.orchestrator.states.get(entity.state ?? NO_ENTITY),
    model.reducer.states.get(entity.reducerState),
  ];
  const rest = states.find((state) => state?.transient);
  return (
    rest && {
      at: rest.at,
      message: `${rest.name} is transient, but the entity rests in ${place(entity)}`,
      remedy: `let the event that leads to ${rest.name} be followed by one that leads on, or take is_transient away`,
    }
  );
}

/** An attempt has one outcome: once it has ended, only the opening of another leads on. */
function endsTwice({ model, domain }: Setting, { moves }: Decision): Finding | undefined {
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
      at: transitionAt(model, again),
      message:
        `the attempt has ended in ${again.from}, and ${again.trigger} leads on to ${again.to}: an ` +
        "attempt has one outcome",
      remedy:
        `take ${again.from} out of this transition, or let ${domain.attempt.startedBy} open another ` + "attempt first",
    }
  );
}

const transitionAt = ({ orchestrator, startedBy }: DomainModel, { from, to, trigger }: Move): Spot =>
  orchestrator.transitions.find(
    (each) => each.from.name === from && each.to.name === to && each.trigger.name === trigger,
  )?.from.at ?? startedBy.at;

/** What an attempt asked to be written is taken back when it ends or is superseded, or belongs to the next one. */
function leavesBehind(
  { model, compensations }: Setting,
  before: World,
  decision: Decision,
  { owed }: World,
  { attempt, state }: Entity,
): Finding | undefined {
  const ended = model.orchestrator.states.get(state ?? NO_ENTITY);
  const left = [...owed].find(([, { attemptId }]) => attemptId !== attempt.id || ended?.terminal);
  if (!left) return undefined;
  const [target, { type, attemptId }] = left;
  const compensation = compensations.get(type) ?? "";
  const effect = model.effects.find(({ intent }) => intent.name === type);
  const superseded = attemptId !== attempt.id || hasOpened(before, decision);
  const why = superseded ? "was superseded" : `has ended in ${state ?? ""}`;
  const related: Finding["related"] = ended?.terminal ? [{ at: ended.at, message: "the attempt ends here" }] : [];
  return {
    at: effect?.compensatedBy?.at ?? model.startedBy.at,
    message: `${type} is left behind at ${target}: its attempt ${why}, and no ${compensation} went there`,
    remedy: `let the reducer's transition emit ${compensation} for the same target`,
    related,
  };
}

function violates({ nevers }: Setting, entity: Entity, { seen, owed }: World): Finding | undefined {
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
  const broken = nevers.find(({ holds }) => holds(facts));
  if (!broken) return undefined;
  const { invariant } = broken;
  return {
    at: invariant.at,
    message: `${invariant.name} is violated in ${place(entity)}`,
    remedy: "make a step of the timeline impossible, or correct the invariant",
  };
}

/** What is wrong with a world that nothing can mend any more. */
export const waitsForNothing = (state: StateModel, entity: Entity): Finding => ({
  at: state.at,
  message: `${place(entity)} waits for nothing: no outcome, publish or deadline is under way that could end it`,
  remedy: "give the state a deadline, or let what is under way before lead out of it",
});

export const goesInCircles = (state: StateModel, entity: Entity): Finding => ({
  at: state.at,
  message: `${place(entity)} never ends: outcomes, publishes and deadlines lead round in a circle`,
  remedy: "let one of them lead to a state that is terminal",
});

export const neverComesBack = (state: StateModel, entity: Entity, startedBy: string): Finding => ({
  at: state.at,
  message: `${place(entity)} never lets the entity come back: whatever happens, ${startedBy} opens no other attempt`,
  remedy: `let a message return ${startedBy} here, and a transition accept it`,
});

export const neverComesTo = (name: string, at: Spot, entity: Entity): Finding => ({
  at,
  message: `${name} does not hold: an attempt ends up in ${place(entity)} without having come there`,
  remedy: "let a deadline or an outcome lead there, or correct the invariant",
});
