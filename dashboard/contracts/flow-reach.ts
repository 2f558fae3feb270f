export interface FlowEdge {
  readonly from: string;
  readonly to: string;
}
export interface FlowReach {
  /** All that leads to it, however far. */
  readonly ancestors: ReadonlySet<string>;
  /** All that it leads to. */
  readonly descendants: ReadonlySet<string>;
  /** One step away. */
  readonly predecessors: readonly string[];
  readonly successors: readonly string[];
}

/** What leads to a node of the flow, and where it leads: a flow may go in circles. */
export function flowReach(edges: readonly FlowEdge[], id: string): FlowReach {
  const forward = (edge: FlowEdge): readonly [string, string] => [edge.from, edge.to];
  const backward = (edge: FlowEdge): readonly [string, string] => [edge.to, edge.from];
  return {
    ancestors: reachableFrom(edges.map(backward), id),
    descendants: reachableFrom(edges.map(forward), id),
    predecessors: [...new Set(edges.filter(({ to }) => to === id).map(({ from }) => from))],
    successors: [...new Set(edges.filter(({ from }) => from === id).map(({ to }) => to))],
  };
}

function reachableFrom(steps: readonly (readonly [string, string])[], start: string): ReadonlySet<string> {
  const next = new Map<string, string[]>();
  for (const [from, to] of steps) next.set(from, [...(next.get(from) ?? []), to]);
  const reached = new Set<string>();
  // The set grows while it is walked: what is added is walked too.
  for (const each of next.get(start) ?? []) reached.add(each);
  for (const each of reached) for (const to of next.get(each) ?? []) reached.add(to);
  return reached;
}

/** Whether an edge lies on a way to the node or from it. */
export const isOnPath = ({ ancestors, descendants }: FlowReach, id: string, { from, to }: FlowEdge): boolean =>
  ((ancestors.has(from) || from === id) && (ancestors.has(to) || to === id) && from !== id) ||
  ((descendants.has(from) || from === id) && (descendants.has(to) || to === id) && to !== id);
