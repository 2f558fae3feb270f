export interface FlowEdge {
  readonly from: string;
  readonly to: string;
}
export interface Reach {
  /** All that leads to it, however far. */
  readonly before: ReadonlySet<string>;
  /** All that it leads to. */
  readonly after: ReadonlySet<string>;
  /** One step away. */
  readonly causes: readonly string[];
  readonly results: readonly string[];
}

/** What leads to a node of the flow, and where it leads: a flow may go in circles. */
export function reachOf(edges: readonly FlowEdge[], id: string): Reach {
  const forth = (edge: FlowEdge): readonly [string, string] => [edge.from, edge.to];
  const back = (edge: FlowEdge): readonly [string, string] => [edge.to, edge.from];
  return {
    before: spread(edges.map(back), id),
    after: spread(edges.map(forth), id),
    causes: [...new Set(edges.filter(({ to }) => to === id).map(({ from }) => from))],
    results: [...new Set(edges.filter(({ from }) => from === id).map(({ to }) => to))],
  };
}

function spread(steps: readonly (readonly [string, string])[], start: string): ReadonlySet<string> {
  const next = new Map<string, string[]>();
  for (const [from, to] of steps) next.set(from, [...(next.get(from) ?? []), to]);
  const reached = new Set<string>();
  // The set grows while it is walked: what is added is walked too.
  for (const each of next.get(start) ?? []) reached.add(each);
  for (const each of reached) for (const to of next.get(each) ?? []) reached.add(to);
  return reached;
}

/** Whether an edge lies on a way to the node or from it. */
export const liesOn = ({ before, after }: Reach, id: string, { from, to }: FlowEdge): boolean =>
  ((before.has(from) || from === id) && (before.has(to) || to === id) && from !== id) ||
  ((after.has(from) || from === id) && (after.has(to) || to === id) && to !== id);
