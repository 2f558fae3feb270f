import { useState } from "preact/hooks";
import type { ContractGraph } from "../../app/http/contracts/contract-graph.ts";
import { findOccurrences } from "./find-occurrences.ts";
import { FlowDrawing } from "./flow-drawing.tsx";
import { declaredName, type FlowNode, shortLabel } from "./flow-labels.ts";
import { type FlowReach, flowReach } from "./flow-reach.ts";
import "./flow-diagram.css";

const KIND_TITLES: Readonly<Record<FlowNode["kind"], string>> = {
  topic: "Topics",
  signal: "Signals",
  handler: "Handlers",
  event: "Events",
  refusal: "Refusals",
  trigger: "Triggers of the reducer",
  intent: "Intents",
  effect: "Effects",
  outcome: "Outcomes",
  call: "Calls of gateways",
  entity: "Entities",
  projection: "Projections",
  domain: "Other domains",
};

interface FlowDiagramProps {
  readonly graph: ContractGraph;
  readonly files: readonly { readonly file: string; readonly text: string }[];
  readonly onOpenSource: (file: string, line: number) => void;
}

/** The way of messages from topics to outcomes: a drawing, and for the selected part the same in words. */
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
