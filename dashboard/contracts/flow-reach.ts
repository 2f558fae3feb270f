export interface FlowEdge {
  readonly from: string;
  readonly to: string;
}
export interface FlowReach {
  /** All nodes from which edges lead to it, over any number of others. */
  readonly ancestors: ReadonlySet<string>;
  /** All nodes to which edges lead from it. */
  readonly descendants: ReadonlySet<string>;
  /** One edge away. */
  readonly predecessors: readonly string[];
  readonly successors: readonly string[];
}

/** What leads to a node of the flow, and where it leads. A flow may have cycles. */
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
  // A set that grows during iteration yields the added elements too.
  for (const each of next.get(start) ?? []) reached.add(each);
  for (const each of reached) for (const to of next.get(each) ?? []) reached.add(to);
  return reached;
}

/** Whether an edge lies on a path to the node or from it. */
export const isOnPath = ({ ancestors, descendants }: FlowReach, id: string, { from, to }: FlowEdge): boolean =>
  ((ancestors.has(from) || from === id) && (ancestors.has(to) || to === id) && from !== id) ||
  ((descendants.has(from) || from === id) && (descendants.has(to) || to === id) && to !== id);
