import { NO_ENTITY } from "../../core/domain.ts";
import type { Entity } from "../../core/entity.ts";
import type { StateModel } from "../model/domain-model.ts";
import type { Edge, Explored } from "./explore.ts";
import { type Finding, goesInCircles, neverComesBack, neverComesTo, waitsForNothing } from "./step-rules.ts";
import type { Setting } from "./exploration-context.ts";

/** A finding about a world, by its number. */
export interface Placed {
  readonly number: number;
  readonly finding: Finding;
}

/**
 * What can't be seen in one world, but in all that may follow on it: whether it comes to an end by itself, to the
 * states of each `eventually`, and whether the entity may come back. A way is enough, since an outcome, a publish or a
 * deadline that stays possible comes at last. Of each state the nearest world is told.
 */
export function withoutWayOut(setting: Setting, explored: Explored): readonly Placed[] {
  const { visited, edges } = explored;
  const inside = edges.filter((edge) => edge.inside);
  const rests = resting(inside);
  const unending = withoutWay(explored, inside, (number) => isOver(setting, explored, number));
  const stuck = [...unending].filter(rests);
  const circle = stuck.length > 0 ? undefined : [...unending].find((number) => leadsBack(inside, number));
  const opens = new Set(edges.filter((edge) => edge.opens).map(({ from }) => from));
  const gone = withoutWay(explored, edges, (number) => opens.has(number));
  return [
    ...nearest(setting, explored, stuck, waitsForNothing),
    ...nearest(setting, explored, circle === undefined ? [] : [circle], goesInCircles),
    ...setting.eventually.flatMap(({ invariant: { name, at } }, index) => {
      const missing = withoutWay(explored, inside, (number) => {
        const world = visited[number]?.world;
        return !world?.entity?.state || world.reached[index] === true || unending.has(number);
      });
      const number = [...missing].find((each) => rests(each) || isOver(setting, explored, each)) ?? [...missing][0];
      return nearest(setting, explored, number === undefined ? [] : [number], (_, entity) =>
        neverComesTo(name, at, entity),
      );
    }),
    ...nearest(setting, explored, gone, (state, entity) =>
      neverComesBack(state, entity, setting.domain.attempt.startedBy),
    ),
  ];
}

const resting = (inside: readonly Edge[]) => {
  const left = new Set(inside.map(({ from }) => from));
  return (number: number): boolean => !left.has(number);
};

function leadsBack(inside: readonly Edge[], start: number): boolean {
  const next = new Map<number, number[]>();
  for (const { from, to } of inside) next.set(from, [...(next.get(from) ?? []), to]);
  const reached = new Set(next.get(start));
  // A set may grow while it is walked: what is added is walked too.
  for (const number of reached) for (const to of next.get(number) ?? []) reached.add(to);
  return reached.has(start);
}

const entityOf = ({ visited }: Explored, number: number): Entity | undefined => visited[number]?.world.entity;

function isOver({ model }: Setting, explored: Explored, number: number): boolean {
  const state = entityOf(explored, number)?.state ?? NO_ENTITY;
  return state === NO_ENTITY || model.orchestrator.states.get(state)?.terminal === true;
}

/**
 * The worlds from which no edges lead to a goal, nearest first. One that leads out of what was explored is taken to.
 */
function withoutWay(
  { visited }: Explored,
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

function nearest(
  { model }: Setting,
  explored: Explored,
  numbers: Iterable<number>,
  tell: (state: StateModel, entity: Entity) => Finding,
): readonly Placed[] {
  const told = new Map<string, Placed>();
  for (const number of numbers) {
    const entity = entityOf(explored, number);
    const state = model.orchestrator.states.get(entity?.state ?? NO_ENTITY);
    if (entity && state && !told.has(state.name)) told.set(state.name, { number, finding: tell(state, entity) });
  }
  return [...told.values()];
}
