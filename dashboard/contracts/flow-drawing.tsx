import type { ContractGraph } from "../../app/http/contracts/contract-graph.ts";
import { ArrowHead, DiagramCanvas } from "../diagrams/diagram-canvas.tsx";
import type { GraphLayout, LayoutBox, LayoutInput, Point } from "../diagrams/graph-layout.ts";
import { roundedPath, textWidth } from "../diagrams/svg-paths.ts";
import { type FlowNode, shortLabel } from "./flow-labels.ts";
import { type FlowReach, isOnPath } from "./flow-reach.ts";

const FONT = 11.5;

interface FlowDrawingProps {
  readonly graph: ContractGraph;
  readonly selectedId: string | undefined;
  /** Of the selected node. */
  readonly reach: FlowReach | undefined;
  readonly onSelect: (id: string | undefined) => void;
}

export function FlowDrawing({ graph, selectedId, reach, onSelect }: FlowDrawingProps) {
  const nodeClass = (id: string): string => {
    if (!reach) return "";
    if (id === selectedId) return "selected";
    return reach.ancestors.has(id) || reach.descendants.has(id) ? "reached" : "other";
  };
  return (
    <DiagramCanvas
      label="Flow diagram"
      description={`Flow of ${graph.domain}: ${graph.nodes.length} parts; the list above says the same in words`}
      graph={graph}
      layoutInput={layoutInput}
      centerId={selectedId ?? graph.nodes[0]?.id ?? ""}
    >
      {(drawn) => (
        <>
          <ArrowHead id="flow-arrow-head" />
          <FlowEdges edges={graph.edges} layout={drawn} selectedId={selectedId} reach={reach} />
          {graph.nodes.map((node) => (
            <FlowNodeBox
              key={node.id}
              node={node}
              at={drawn.nodes.get(node.id)}
              class={nodeClass(node.id)}
              onClick={() => onSelect(node.id === selectedId ? undefined : node.id)}
            />
          ))}
        </>
      )}
    </DiagramCanvas>
  );
}

const layoutInput = ({ nodes, edges }: ContractGraph): LayoutInput => ({
  boxes: nodes.map(({ id, label }) => ({ id, width: textWidth(shortLabel(label), FONT) + 18, height: 26 })),
  edges,
  direction: "LR",
  nodeGap: 12,
  rankGap: 46,
});

interface FlowEdgesProps extends Pick<FlowDrawingProps, "selectedId" | "reach"> {
  readonly edges: ContractGraph["edges"];
  readonly layout: GraphLayout;
}

function FlowEdges({ edges, layout, selectedId, reach }: FlowEdgesProps) {
  const edgeClass = (edge: ContractGraph["edges"][number]): string => {
    if (selectedId === undefined || !reach) return "";
    return isOnPath(reach, selectedId, edge) ? "reached" : "other";
  };
  return edges.map((edge, index) => (
    <path
      key={index}
      class={`flow-edge ${edgeClass(edge)}`}
      d={roundedPath(layout.edges[index]?.points ?? [])}
      marker-end="url(#flow-arrow-head)"
    >
      {edge.label !== undefined && <title>{edge.label}</title>}
    </path>
  ));
}

interface FlowNodeBoxProps {
  readonly node: FlowNode;
  readonly at: (Point & LayoutBox) | undefined;
  readonly class: string;
  readonly onClick: () => void;
}

function FlowNodeBox({ node: { kind, label }, at, class: state, onClick }: FlowNodeBoxProps) {
  if (!at) return null;
  const { x, y, width, height } = at;
  const isRound = kind === "event" || kind === "outcome";
  return (
    <g class={`flow-node ${kind} ${state}`} onClick={onClick}>
      <title>{`${kind} ${label}`}</title>
      <rect x={x - width / 2} y={y - height / 2} width={width} height={height} rx={isRound ? 13 : 3} />
      <text x={x} y={y + 4} font-size={FONT}>
        {shortLabel(label)}
      </text>
    </g>
  );
}
