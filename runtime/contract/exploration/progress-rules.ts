import { NO_ENTITY } from "../../core/domain.ts";
import type { Entity } from "../../core/entity.ts";
import type { StateModel } from "../model/domain-model.ts";
import type { Edge, ExplorationResult } from "./explore.ts";
import {
  type RuleViolation,
  livelockViolation,
  noNewAttemptViolation,
  eventuallyViolation,
  deadlockViolation,
} from "./step-rules.ts";
import type { ExplorationContext } from "./exploration-context.ts";

/** A finding about a system, by its number. */
export interface StateViolation {
  readonly stateIndex: number;
  readonly violation: RuleViolation;
}

/**
 * What can't be seen in one system, but in all that may follow on it: whether it comes to an end by itself, to the
 * states of each `eventually`, and whether the entity may come back. A way is enough, since an outcome, a publish or a
 * deadline that stays possible comes at last. Of each state the nearest system is told.
 */
export function progressViolations(
  context: ExplorationContext,
  explored: ExplorationResult,
): readonly StateViolation[] {
  const { visited, edges } = explored;
  const inside = edges.filter((edge) => edge.isInternal);
  const isQuiescent = quiescent(inside);
  const unending = unableToReach(explored, inside, (number) => isOver(context, explored, number));
  const deadlocked = [...unending].filter(isQuiescent);
  const livelocked = deadlocked.length > 0 ? undefined : [...unending].find((number) => isOnCycle(inside, number));
  const opens = new Set(edges.filter((edge) => edge.opensAttempt).map(({ from }) => from));
  const neverReopened = unableToReach(explored, edges, (number) => opens.has(number));
  return [
    ...nearestPerState(context, explored, deadlocked, deadlockViolation),
    ...nearestPerState(context, explored, livelocked === undefined ? [] : [livelocked], livelockViolation),
    ...context.eventuallyInvariants.flatMap(({ invariant: { name, at } }, index) => {
      const missing = unableToReach(explored, inside, (number) => {
        const system = visited[number]?.state;
        return !system?.entity?.state || system.eventuallyReached[index] === true || unending.has(number);
      });
      const number =
        [...missing].find((each) => isQuiescent(each) || isOver(context, explored, each)) ?? [...missing][0];
      return nearestPerState(context, explored, number === undefined ? [] : [number], (_, entity) =>
        eventuallyViolation(name, at, entity),
      );
    }),
    ...nearestPerState(context, explored, neverReopened, (state, entity) =>
      noNewAttemptViolation(state, entity, context.domain.attempt.startedBy),
    ),
  ];
}

const quiescent = (inside: readonly Edge[]) => {
  const left = new Set(inside.map(({ from }) => from));
  return (number: number): boolean => !left.has(number);
};

function isOnCycle(inside: readonly Edge[], start: number): boolean {
  const next = new Map<number, number[]>();
  for (const { from, to } of inside) next.set(from, [...(next.get(from) ?? []), to]);
  const reached = new Set(next.get(start));
  // A set may grow while it is walked: what is added is walked too.
  for (const number of reached) for (const to of next.get(number) ?? []) reached.add(to);
  return reached.has(start);
}

const entityOf = ({ visited }: ExplorationResult, number: number): Entity | undefined => visited[number]?.state.entity;

function isOver({ model }: ExplorationContext, explored: ExplorationResult, number: number): boolean {
  const state = entityOf(explored, number)?.state ?? NO_ENTITY;
  return state === NO_ENTITY || model.orchestrator.states.get(state)?.terminal === true;
}

/**
 * The worlds from which no edges lead to a goal, nearest first. One that leads out of what was explored is taken to.
 */
function unableToReach(
  { visited }: ExplorationResult,
  edges: readonly Edge[],
  isGoal: (number: number) => boolean,
): ReadonlySet<number> {
  const back = new Map<number, number[]>();
  const found = new Set<number>();
  for (const { from, to } of edges) {
    if (to < 0) found.add(from);
    else back.set(to, [...(back.get(to) ?? []), from]);
  }
  for (const number of visited.keys()) if (isGoal(number)) found.add(number);
  // A set may grow while it is walked: what is added is walked too.
  for (const number of found) for (const from of back.get(number) ?? []) found.add(from);
  return new Set([...visited.keys()].filter((number) => !found.has(number)));
}

function nearestPerState(
  { model }: ExplorationContext,
  explored: ExplorationResult,
  numbers: Iterable<number>,
  describe: (state: StateModel, entity: Entity) => RuleViolation,
): readonly StateViolation[] {
  const byState = new Map<string, StateViolation>();
  for (const number of numbers) {
    const entity = entityOf(explored, number);
    const state = model.orchestrator.states.get(entity?.state ?? NO_ENTITY);
    if (entity && state && !byState.has(state.name))
      byState.set(state.name, { stateIndex: number, violation: describe(state, entity) });
  }
  return [...byState.values()];
}
