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
interface LayoutEdge {
  readonly from: string;
  readonly to: string;
  /** Room for its label; none without. */
  readonly width?: number;
  readonly height?: number;
}
export interface LayoutInput {
  readonly boxes: readonly LayoutBox[];
  readonly edges: readonly LayoutEdge[];
  /** Ranks follow each other from top to bottom or from left to right. */
  readonly direction: "TB" | "LR";
  /** Pixels between the boxes of a rank. */
  readonly nodeGap: number;
  readonly rankGap: number;
}
/** In pixels; points are the middle of what they place. */
export interface GraphLayout {
  readonly width: number;
  readonly height: number;
  readonly nodes: ReadonlyMap<string, Point & LayoutBox>;
  /** In the order of the edges that were given. */
  readonly edges: readonly { readonly points: readonly Point[]; readonly label: Point | undefined }[];
}

const MARGIN = 12;

export function layoutGraph({ boxes, edges, direction, nodeGap, rankGap }: LayoutInput): GraphLayout {
  const graph = new Graph({ multigraph: true });
  graph.setGraph({
    rankdir: direction,
    nodesep: nodeGap,
    edgesep: 10,
    ranksep: rankGap,
    marginx: MARGIN,
    marginy: MARGIN,
  });
  for (const { id, width, height } of boxes) graph.setNode(id, { width, height });
  for (const [index, { from, to, width = 0, height = 0 }] of edges.entries())
    graph.setEdge(from, to, { width, height, labelpos: "c" }, String(index));
  layout(graph);
  const { width = 0, height = 0 } = graph.graph();
  return {
    width,
    height,
    nodes: new Map(boxes.map((box) => [box.id, { ...box, ...toPoint(graph.node(box.id)) }])),
    edges: edges.map(({ from, to, width: room = 0 }, index) => {
      const edge = graph.edge({ v: from, w: to, name: String(index) });
      return { points: (edge.points ?? []).map(toPoint), label: room > 0 ? toPoint(edge) : undefined };
    }),
  };
}

const toPoint = ({ x = 0, y = 0 }: { readonly x?: number; readonly y?: number }): Point => ({ x, y });
