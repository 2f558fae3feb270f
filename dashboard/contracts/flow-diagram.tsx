import { useEffect, useRef, useState } from "preact/hooks";
import type { ContractGraph } from "../../app/http/contracts/contract-graph.ts";
import { roundedPath, textWidth } from "../diagrams/svg-paths.ts";
import type { GraphLayout } from "../diagrams/graph-layout.ts";
import { isOnPath, type FlowReach, flowReach } from "./flow-reach.ts";
import { findOccurrences } from "./find-occurrences.ts";
import "./flow-diagram.css";

type FlowNode = ContractGraph["nodes"][number];
const FONT = 11.5;
const KIND_TITLES: Readonly<Record<FlowNode["kind"], string>> = {
  topic: "Topics",
  signal: "Signals",
  handler: "Handlers",
  event: "Events",
  trigger: "Triggers of the reducer",
  intent: "Intents",
  effect: "Effects",
  outcome: "Outcomes",
};

interface FlowDiagramProps {
  readonly graph: ContractGraph;
  readonly files: readonly { readonly file: string; readonly text: string }[];
  readonly onOpenSource: (file: string, line: number) => void;
}

/** What leads to what, from a topic to an outcome: a picture to click, and the same in words for the chosen one. */
export function FlowDiagram({ graph, files, onOpenSource }: FlowDiagramProps) {
  const [selectedId, setSelectedId] = useState<string>();
  const node = graph.nodes.find(({ id }) => id === selectedId);
  const reach = node && flowReach(graph.edges, node.id);
  return (
    <div class="flow">
      <label>
        Show{" "}
        <select value={node?.id ?? ""} onChange={({ currentTarget: { value } }) => setSelectedId(value || undefined)}>
          <option value="">everything</option>
          {Object.entries(KIND_TITLES).map(([kind, title]) => (
            <optgroup key={kind} label={title}>
              {graph.nodes
                .filter((each) => each.kind === kind)
                .map(({ id, label }) => (
                  <option key={id} value={id}>
                    {shortLabel(label)}
                  </option>
                ))}
            </optgroup>
          ))}
        </select>
      </label>
      {node && reach && (
        <SelectedNode
          {...{ node, reach, graph, onOpenSource }}
          occurrences={findOccurrences(declaredName(node), files)}
          onSelect={setSelectedId}
        />
      )}
      <FlowDrawing graph={graph} selectedId={node?.id} reach={reach} onSelect={setSelectedId} />
    </div>
  );
}

/** Every topic begins with the same two placeholders. */
const shortLabel = (label: string): string => label.replace(/^(\{\w+\}\.)+/, "");
/** A deadline is declared by its name alone. */
const declaredName = ({ label }: FlowNode): string =>
  /^(?:published|failed)\((.*)\)$/.exec(label)?.[1] ?? /^deadline\((.*)\)$/.exec(label)?.[1] ?? label;

interface SelectedNodeProps extends Pick<FlowDiagramProps, "graph" | "onOpenSource"> {
  readonly node: FlowNode;
  readonly reach: FlowReach;
  readonly occurrences: ReturnType<typeof findOccurrences>;
  readonly onSelect: (id: string) => void;
}

function SelectedNode({ node, reach, graph, occurrences, onOpenSource, onSelect }: SelectedNodeProps) {
  const labelOf = (id: string): string => shortLabel(graph.nodes.find((each) => each.id === id)?.label ?? id);
  const list = (title: string, ids: readonly string[]) => (
    <div>
      <h3>{title}</h3>
      {ids.length === 0 && <p class="note">none</p>}
      <ul>
        {ids.map((id) => (
          <li key={id}>
            <button class="link" onClick={() => onSelect(id)}>
              {labelOf(id)}
            </button>{" "}
            <span class="note">{id.split(":", 1)[0]}</span>
          </li>
        ))}
      </ul>
    </div>
  );
  return (
    <section class="selected-node" aria-live="polite" aria-label="Selected part of the flow">
      <p>
        <code>{node.label}</code> <span class="note">{node.kind}</span>
      </p>
      <div class="selected-node-lists">
        {list("Caused by", reach.predecessors)}
        {list("Leads to", reach.successors)}
        <div>
          <h3>Named in</h3>
          {occurrences.length === 0 && <p class="note">no contract: the runtime creates it</p>}
          <ul>
            {occurrences.map(({ file, line, text }) => (
              <li key={`${file}:${line}`}>
                <button class="link" onClick={() => onOpenSource(file, line)}>
                  {file}:{line}
                </button>{" "}
                <code>{text.slice(0, 80)}</code>
              </li>
            ))}
          </ul>
        </div>
      </div>
    </section>
  );
}

interface FlowDrawingProps {
  readonly graph: ContractGraph;
  readonly selectedId: string | undefined;
  readonly reach: FlowReach | undefined;
  readonly onSelect: (id: string | undefined) => void;
}

function FlowDrawing({ graph, selectedId, reach, onSelect }: FlowDrawingProps) {
  const drawing = useFlowLayout(graph);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const at = drawing?.nodes.get(selectedId ?? graph.nodes[0]?.id ?? "");
    if (!box.current || !at) return;
    box.current.scrollLeft = at.x - box.current.clientWidth / 2;
    box.current.scrollTop = at.y - box.current.clientHeight / 2;
  }, [drawing, selectedId, graph]);
  if (!drawing) return <p class="note">Drawing …</p>;
  const { width, height } = drawing;
  const classOf = (id: string): string =>
    id === selectedId
      ? "selected"
      : !reach
        ? ""
        : reach.ancestors.has(id) || reach.descendants.has(id)
          ? "reached"
          : "other";
  return (
    <div class="flow-box" tabIndex={0} role="region" aria-label="Flow diagram" ref={box}>
      <svg
        role="img"
        aria-label={`Flow of ${graph.domain}: ${graph.nodes.length} parts; the list above says the same in words`}
        {...{ width, height }}
        viewBox={`0 0 ${width} ${height}`}
      >
        <defs>
          <marker
            id="flow-arrow-head"
            viewBox="0 0 8 8"
            refX="7"
            refY="4"
            markerWidth="6"
            markerHeight="6"
            orient="auto"
          >
            <path d="M0,0 L8,4 L0,8 z" />
          </marker>
        </defs>
        {graph.edges.map((edge, index) => (
          <path
            key={index}
            class={
              "flow-edge " +
              `${selectedId === undefined || !reach ? "" : isOnPath(reach, selectedId, edge) ? "reached" : "other"}`
            }
            d={roundedPath(drawing.edges[index]?.points ?? [])}
            marker-end="url(#flow-arrow-head)"
          >
            {edge.label !== undefined && <title>{edge.label}</title>}
          </path>
        ))}
        {graph.nodes.map(({ id, kind, label }) => {
          const at = drawing.nodes.get(id);
          if (!at) return null;
          return (
            <g
              key={id}
              class={`flow-node ${kind} ${classOf(id)}`}
              onClick={() => onSelect(id === selectedId ? undefined : id)}
            >
              <title>{`${kind} ${label}`}</title>
              <rect
                x={at.x - at.width / 2}
                y={at.y - at.height / 2}
                width={at.width}
                height={at.height}
                rx={kind === "event" || kind === "outcome" ? 13 : 3}
              />
              <text x={at.x} y={at.y + 4} font-size={FONT}>
                {shortLabel(label)}
              </text>
            </g>
          );
        })}
      </svg>
    </div>
  );
}

function useFlowLayout(graph: ContractGraph): GraphLayout | undefined {
  const [drawn, setDrawn] = useState<{ readonly graph: ContractGraph; readonly drawing: GraphLayout }>();
  useEffect(() => {
    let current = true;
    void import("../diagrams/graph-layout.ts").then(({ layoutGraph }) => {
      if (!current) return;
      const boxes = graph.nodes.map(({ id, label }) => ({
        id,
        width: textWidth(shortLabel(label), FONT) + 18,
        height: 26,
      }));
      setDrawn({ graph, drawing: layoutGraph(boxes, graph.edges, { direction: "LR", nodeGap: 12, rankGap: 46 }) });
    });
    return () => void (current = false);
  }, [graph]);
  return drawn?.graph === graph ? drawn.drawing : undefined;
}
