import { NO_ENTITY } from "../../core/domain.ts";
import type { Entity } from "../../core/entity.ts";
import { closureOf } from "../model/closure.ts";
import type { StateModel } from "../model/domain-model.ts";
import type { ExplorationContext } from "./exploration-context.ts";
import type { Edge, ExplorationResult } from "./explore.ts";
import {
  deadlockViolation,
  eventuallyViolation,
  livelockViolation,
  noNewAttemptViolation,
  type RuleViolation,
} from "./step-rules.ts";

/** A violation in a state of the system, by the state's index in `visited`. */
export interface StateViolation {
  readonly stateIndex: number;
  readonly violation: RuleViolation;
}

/**
 * Rules about what may follow on a state. Without another message from the bus, the attempt can reach its end and a
 * state of each `eventually`; with such messages, another attempt can begin. One possible path is enough, because an
 * outcome, a publish or a deadline that stays possible happens in the end. Of each rule, the violation nearest to the
 * start is reported for each state of the orchestrator.
 */
export function progressViolations(
  context: ExplorationContext,
  explored: ExplorationResult,
): readonly StateViolation[] {
  const { visited, edges } = explored;
  const internal = edges.filter((edge) => edge.isInternal);
  const withInternalEdge = new Set(internal.map(({ from }) => from));
  const isQuiescent = (index: number): boolean => !withInternalEdge.has(index);
  const hasEnded = (index: number): boolean => orchestratorState(context, explored, index)?.terminal === true;
  const report = (indexes: Iterable<number | undefined>, describe: Describe) =>
    nearestPerState(context, explored, indexes, describe);

  const unableToEnd = unableToReach(explored, internal, hasEnded);
  const deadlocked = [...unableToEnd].filter(isQuiescent);
  // A deadlock is reported first: one mistake is meant to be one diagnostic.
  const livelocked = deadlocked.length > 0 ? undefined : [...unableToEnd].find((index) => isOnCycle(internal, index));
  const openingAttempt = new Set(edges.filter((edge) => edge.opensAttempt).map(({ from }) => from));
  const unableToOpenAttempt = unableToReach(explored, edges, (index) => openingAttempt.has(index));
  const unmet = context.eventuallyInvariants.flatMap(({ invariant: { name, at } }, invariantIndex) => {
    const unableToMeet = unableToReach(explored, internal, (index) => {
      // Nothing is asked of states before the first attempt; those that can't end are reported above.
      const system = visited[index]?.state;
      return !system?.entity?.state || system.eventuallyReached[invariantIndex] === true || unableToEnd.has(index);
    });
    // Where nothing more happens in the attempt, the violation is plain to see.
    const index = [...unableToMeet].find((each) => isQuiescent(each) || hasEnded(each)) ?? [...unableToMeet][0];
    return report([index], (_, entity) => eventuallyViolation(name, at, entity));
  });
  const { startedBy } = context.domain.attempt;
  return [
    ...report(deadlocked, deadlockViolation),
    ...report([livelocked], livelockViolation),
    ...unmet,
    ...report(unableToOpenAttempt, (state, entity) => noNewAttemptViolation(state, entity, startedBy)),
  ];
}

function isOnCycle(edges: readonly Edge[], start: number): boolean {
  const next = indexesBy(
    edges,
    ({ from }) => from,
    ({ to }) => to,
  );
  return closureOf(next.get(start) ?? [], (index) => next.get(index) ?? []).has(start);
}

function indexesBy(edges: readonly Edge[], key: (edge: Edge) => number, value: (edge: Edge) => number) {
  const found = new Map<number, number[]>();
  for (const edge of edges) {
    const indexes = found.get(key(edge)) ?? [];
    found.set(key(edge), indexes);
    indexes.push(value(edge));
  }
  return found;
}

/** The states from which no edges lead to a goal, nearest first. An unexplored state counts as a goal. */
function unableToReach(
  { visited }: ExplorationResult,
  edges: readonly Edge[],
  isGoal: (index: number) => boolean,
): ReadonlySet<number> {
  const previous = indexesBy(
    edges,
    ({ to }) => to,
    ({ from }) => from,
  );
  // -1 stands for every unexplored state.
  const goals = [...(previous.get(-1) ?? []), ...[...visited.keys()].filter(isGoal)];
  const ableToReach = closureOf(goals, (index) => previous.get(index) ?? []);
  return new Set([...visited.keys()].filter((index) => !ableToReach.has(index)));
}

const entityAt = ({ visited }: ExplorationResult, index: number): Entity | undefined => visited[index]?.state.entity;

const orchestratorState = ({ model }: ExplorationContext, explored: ExplorationResult, index: number) =>
  model.orchestrator.states.get(entityAt(explored, index)?.state ?? NO_ENTITY);

type Describe = (state: StateModel, entity: Entity) => RuleViolation;

function nearestPerState(
  context: ExplorationContext,
  explored: ExplorationResult,
  indexes: Iterable<number | undefined>,
  describe: Describe,
): readonly StateViolation[] {
  const byState = new Map<string, StateViolation>();
  for (const index of indexes) {
    if (index === undefined) continue;
    const entity = entityAt(explored, index);
    const state = orchestratorState(context, explored, index);
    if (entity && state && !byState.has(state.name))
      byState.set(state.name, { stateIndex: index, violation: describe(state, entity) });
  }
  return [...byState.values()];
}
