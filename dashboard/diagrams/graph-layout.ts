import { Graph, layout } from "@dagrejs/dagre";

export interface Point {
  readonly x: number;
  readonly y: number;
}
export interface LayoutBox {
  readonly id: string;
  readonly width: number;
  readonly height: number;
}
export interface LayoutEdge {
  readonly from: string;
  readonly to: string;
  /** Room for its label; none without. */
  readonly width?: number;
  readonly height?: number;
}
/** Everything by its middle; pixels. */
export interface GraphLayout {
  readonly width: number;
  readonly height: number;
  readonly nodes: ReadonlyMap<string, Point & LayoutBox>;
  /** In the order of the arrows that were given. */
  readonly edges: readonly { readonly points: readonly Point[]; readonly label: Point | undefined }[];
}

const MARGIN = 12;

/** Places boxes and the arrows between them, ranks from left to right or from top to bottom. */
export function layoutGraph(
  nodes: readonly LayoutBox[],
  arrows: readonly LayoutEdge[],
  {
    direction,
    nodeGap,
    rankGap,
  }: { readonly direction: "TB" | "LR"; readonly nodeGap: number; readonly rankGap: number },
): GraphLayout {
  const graph = new Graph({ multigraph: true });
  graph.setGraph({
    rankdir: direction,
    nodesep: nodeGap,
    edgesep: 10,
    ranksep: rankGap,
    marginx: MARGIN,
    marginy: MARGIN,
  });
  for (const { id, width, height } of nodes) graph.setNode(id, { width, height });
  for (const [index, { from, to, width = 0, height = 0 }] of arrows.entries())
    graph.setEdge(from, to, { width, height, labelpos: "c" }, String(index));
  layout(graph);
  const { width = 0, height = 0 } = graph.graph();
  return {
    width,
    height,
    nodes: new Map(nodes.map((node) => [node.id, { ...node, ...toPoint(graph.node(node.id)) }])),
    edges: arrows.map(({ from, to, width: room = 0 }, index) => {
      const edge = graph.edge({ v: from, w: to, name: String(index) });
      return { points: (edge.points ?? []).map(toPoint), label: room > 0 ? toPoint(edge) : undefined };
    }),
  };
}

const toPoint = ({ x = 0, y = 0 }: { readonly x?: number; readonly y?: number }): Point => ({ x, y });
