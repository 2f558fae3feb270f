import { type Lifecycle, NO_ENTITY } from "../../core/domain.ts";
import { closureOf } from "../model/closure.ts";
import type { SourceRef } from "../reading/contract-source.ts";
import type { ExplorationContext } from "./exploration-context.ts";
import type { Edge, ExplorationResult, FoundViolation } from "./explore.ts";
import { describePlace, type RuleViolation } from "./step-rules.ts";

/**
 * Rules about what may follow on a state. Without another message from the bus, the attempt can reach its end or a
 * state in which it rests, and a state of each `eventually`; what must be possible with such messages is the
 * lifecycle's. One possible path is enough, because an outcome, a publish or a deadline that stays possible happens in
 * the end. Of each rule, the violation nearest to the start is reported for each state of the orchestrator.
 */
export function progressViolations(
  context: ExplorationContext,
  explored: ExplorationResult,
): readonly FoundViolation[] {
  const { visited, edges } = explored;
  const internal = edges.filter((edge) => edge.isInternal);
  const next = indexesBy(internal, "from", "to");
  const isQuiescent = (index: number): boolean => !next.has(index);
  const hasSettled = (index: number): boolean => {
    const state = orchestratorState(context, explored, index);
    return state?.terminal === true || state?.rests === true;
  };
  const report = (indexes: Iterable<number | undefined>, describe: Describe) =>
    nearestPerState(context, explored, indexes, describe);

  const unableToSettle = unableToReach(explored, internal, hasSettled);
  const deadlocked = [...unableToSettle].filter(isQuiescent);
  const isOnCycle = (start: number): boolean =>
    closureOf(next.get(start) ?? [], (index) => next.get(index) ?? []).has(start);
  // A deadlock is reported first: one mistake is meant to be one diagnostic.
  const livelocked = deadlocked.length > 0 ? undefined : [...unableToSettle].find(isOnCycle);
  const unmet = context.eventuallyInvariants.flatMap(({ invariant: { name, at } }, invariantIndex) => {
    const unableToMeet = unableToReach(explored, internal, (index) => {
      // Nothing is asked of states before the first attempt; those that can't end are reported above.
      const system = visited[index]?.state;
      return !system?.entity?.state || system.eventuallyReached[invariantIndex] === true || unableToSettle.has(index);
    });
    // Where nothing more happens in the attempt, the violation is plain to see.
    const index = [...unableToMeet].find((each) => isQuiescent(each) || hasSettled(each)) ?? [...unableToMeet][0];
    return report([index], (place) => unmetInvariant(name, at, place));
  });
  const stuck = [...STUCK[context.model.lifecycle](context, explored)].filter((index) => !unableToSettle.has(index));
  const describeStuck: Record<Lifecycle, Describe> = {
    attempts: (place, at) => noNewAttempt(context.model.startedBy.name, at, place),
    document: noWayOut,
    once: noEnd,
  };
  return [
    ...report(deadlocked, deadlock),
    ...report([livelocked], livelock),
    ...unmet,
    ...report(stuck, describeStuck[context.model.lifecycle]),
  ];
}

/** Whatever happens, what the lifecycle promises is not possible any more from these. */
type StuckFinder = (context: ExplorationContext, explored: ExplorationResult) => Iterable<number>;
const STUCK: Readonly<Record<Lifecycle, StuckFinder>> = {
  attempts(_, explored) {
    const opening = new Set(explored.edges.filter((edge) => edge.opensAttempt).map(({ from }) => from));
    return unableToReach(explored, explored.edges, (index) => opening.has(index));
  },
  once: (context, explored) =>
    unableToReach(explored, explored.edges, (index) => orchestratorState(context, explored, index)?.terminal === true),
  *document(context, explored) {
    const stateOf = (index: number) => orchestratorState(context, explored, index);
    for (const { name, rests, stays } of context.model.orchestrator.states.values()) {
      if (!rests || stays) continue;
      const unable = unableToReach(explored, explored.edges, (index) => stateOf(index)?.name !== name);
      yield* [...unable].filter((index) => stateOf(index)?.name === name);
    }
  },
};

const deadlock: Describe = (place, at) => ({
  at,
  message: `${place} can't go on: no outcome, publish or deadline is pending that could end it`,
  remedy: "give the state a deadline, let an earlier outcome or publish lead out of it, or say rests: true",
});

const livelock: Describe = (place, at) => ({
  at,
  message: `${place} never ends: outcomes, publishes and deadlines form a cycle`,
  remedy: "let one of them lead to a state that is terminal, or rests",
});

const noEnd: Describe = (place, at) => ({
  at,
  message: `${place} never comes to an end: whatever happens, no state that is terminal follows`,
  remedy: "let a message, a deadline or an outcome lead to an end",
});

const noWayOut: Describe = (place, at) => ({
  at,
  message: `${place} can't be left: whatever happens, no other state follows`,
  remedy: "let a message lead out of it, or say stays: true",
});

const noNewAttempt = (startedBy: string, at: SourceRef, place: string): RuleViolation => ({
  at,
  message: `${place} allows no further attempt: whatever happens, ${startedBy} opens no other attempt`,
  remedy: `let a message return ${startedBy} here, and a transition accept it`,
});

const unmetInvariant = (name: string, at: SourceRef, place: string): RuleViolation => ({
  at,
  message: `${name} does not hold: an attempt ends in ${place} without having reached one of its states`,
  remedy: "let a deadline or an outcome lead there, or correct the invariant",
});

function indexesBy(edges: readonly Edge[], key: "from" | "to", value: "from" | "to") {
  const found = new Map<number, number[]>();
  for (const edge of edges) {
    const indexes = found.get(edge[key]) ?? [];
    found.set(edge[key], indexes);
    indexes.push(edge[value]);
  }
  return found;
}

/** The states from which no edges lead to a goal, nearest first. An unexplored state counts as a goal. */
function unableToReach(
  { visited }: ExplorationResult,
  edges: readonly Edge[],
  isGoal: (index: number) => boolean,
): ReadonlySet<number> {
  const previous = indexesBy(edges, "to", "from");
  // -1 stands for every unexplored state.
  const goals = [...(previous.get(-1) ?? []), ...[...visited.keys()].filter(isGoal)];
  const ableToReach = closureOf(goals, (index) => previous.get(index) ?? []);
  return new Set([...visited.keys()].filter((index) => !ableToReach.has(index)));
}

const orchestratorState = ({ model }: ExplorationContext, { visited }: ExplorationResult, index: number) =>
  model.orchestrator.states.get(visited[index]?.state.entity?.state ?? NO_ENTITY);

/** What is wrong with an entity that is in this place, by the state's declaration. */
type Describe = (place: string, at: SourceRef) => RuleViolation;

function nearestPerState(
  context: ExplorationContext,
  explored: ExplorationResult,
  indexes: Iterable<number | undefined>,
  describe: Describe,
): readonly FoundViolation[] {
  const byState = new Map<string, FoundViolation>();
  for (const index of indexes) {
    const reached = index === undefined ? undefined : explored.visited[index];
    if (index === undefined || !reached?.state.entity) continue;
    const state = orchestratorState(context, explored, index);
    if (state && !byState.has(state.name))
      byState.set(state.name, { ...reached, violation: describe(describePlace(reached.state.entity), state.at) });
  }
  return [...byState.values()];
}
