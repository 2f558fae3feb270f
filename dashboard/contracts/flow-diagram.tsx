import { useEffect, useRef, useState } from "preact/hooks";
import type { ContractGraph } from "../../app/http/contracts/contract-graph.ts";
import { curve, textWidth } from "../diagrams/svg-paths.ts";
import type { Drawing } from "../diagrams/graph-layout.ts";
import { liesOn, type Reach, reachOf } from "./flow-reach.ts";
import { placesOf } from "./find-occurrences.ts";
import "./flow-diagram.css";

type FlowNode = ContractGraph["nodes"][number];
const FONT = 11.5;
const KINDS: Readonly<Record<FlowNode["kind"], string>> = {
  topic: "Topics",
  signal: "Signals",
  handler: "Handlers",
  event: "Events",
  trigger: "Triggers of the reducer",
  intent: "Intents",
  effect: "Effects",
  outcome: "Outcomes",
};

interface FlowPictureProps {
  readonly graph: ContractGraph;
  readonly files: readonly { readonly file: string; readonly text: string }[];
  readonly onPlace: (file: string, line: number) => void;
}

/** What leads to what, from a topic to an outcome: a picture to click, and the same in words for the chosen one. */
export function FlowPicture({ graph, files, onPlace }: FlowPictureProps) {
  const [chosen, setChosen] = useState<string>();
  const node = graph.nodes.find(({ id }) => id === chosen);
  const reach = node && reachOf(graph.edges, node.id);
  return (
    <div class="flow">
      <label>
        Look at{" "}
        <select value={node?.id ?? ""} onChange={({ currentTarget: { value } }) => setChosen(value || undefined)}>
          <option value="">everything</option>
          {Object.entries(KINDS).map(([kind, title]) => (
            <optgroup key={kind} label={title}>
              {graph.nodes
                .filter((each) => each.kind === kind)
                .map(({ id, label }) => (
                  <option key={id} value={id}>
                    {shortOf(label)}
                  </option>
                ))}
            </optgroup>
          ))}
        </select>
      </label>
      {node && reach && (
        <Chosen {...{ node, reach, graph, onPlace }} places={placesOf(namedAs(node), files)} onChoose={setChosen} />
      )}
      <FlowDrawing graph={graph} chosen={node?.id} reach={reach} onChoose={setChosen} />
    </div>
  );
}

/** Every topic begins with the same two placeholders. */
const shortOf = (label: string): string => label.replace(/^(\{\w+\}\.)+/, "");
/** A deadline is declared by its name alone. */
const namedAs = ({ label }: FlowNode): string =>
  /^(?:published|failed)\((.*)\)$/.exec(label)?.[1] ?? /^deadline\((.*)\)$/.exec(label)?.[1] ?? label;

interface ChosenProps extends Pick<FlowPictureProps, "graph" | "onPlace"> {
  readonly node: FlowNode;
  readonly reach: Reach;
  readonly places: ReturnType<typeof placesOf>;
  readonly onChoose: (id: string) => void;
}

function Chosen({ node, reach, graph, places, onPlace, onChoose }: ChosenProps) {
  const labelOf = (id: string): string => shortOf(graph.nodes.find((each) => each.id === id)?.label ?? id);
  const list = (title: string, ids: readonly string[]) => (
    <div>
      <h3>{title}</h3>
      {ids.length === 0 && <p class="note">nothing in these contracts</p>}
      <ul>
        {ids.map((id) => (
          <li key={id}>
            <button class="link" onClick={() => onChoose(id)}>
              {labelOf(id)}
            </button>{" "}
            <span class="note">{id.split(":", 1)[0]}</span>
          </li>
        ))}
      </ul>
    </div>
  );
  return (
    <section class="chosen" aria-live="polite" aria-label="The chosen part of the flow">
      <p>
        <code>{node.label}</code> <span class="note">{node.kind}</span>
      </p>
      <div class="chosen-lists">
        {list("Leads to it", reach.causes)}
        {list("It leads to", reach.results)}
        <div>
          <h3>Named in</h3>
          {places.length === 0 && <p class="note">no contract: the runtime makes it</p>}
          <ul>
            {places.map(({ file, line, text }) => (
              <li key={`${file}:${line}`}>
                <button class="link" onClick={() => onPlace(file, line)}>
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

interface DrawingProps {
  readonly graph: ContractGraph;
  readonly chosen: string | undefined;
  readonly reach: Reach | undefined;
  readonly onChoose: (id: string | undefined) => void;
}

function FlowDrawing({ graph, chosen, reach, onChoose }: DrawingProps) {
  const drawing = useDrawing(graph);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const at = drawing?.nodes.get(chosen ?? graph.nodes[0]?.id ?? "");
    if (!box.current || !at) return;
    box.current.scrollLeft = at.x - box.current.clientWidth / 2;
    box.current.scrollTop = at.y - box.current.clientHeight / 2;
  }, [drawing, chosen, graph]);
  if (!drawing) return <p class="note">Drawing …</p>;
  const { width, height } = drawing;
  const classOf = (id: string): string =>
    id === chosen ? "chosen" : !reach ? "" : reach.before.has(id) || reach.after.has(id) ? "reached" : "other";
  return (
    <div class="flow-box" tabIndex={0} role="region" aria-label="Drawing of the flow" ref={box}>
      <svg
        role="img"
        aria-label={`Flow of ${graph.domain}: ${graph.nodes.length} parts; the list above says the same in words`}
        {...{ width, height }}
        viewBox={`0 0 ${width} ${height}`}
      >
        <defs>
          <marker id="flow-tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="6" markerHeight="6" orient="auto">
            <path d="M0,0 L8,4 L0,8 z" />
          </marker>
        </defs>
        {graph.edges.map((edge, index) => (
          <path
            key={index}
            class={
              "flow-edge " +
              `${chosen === undefined || !reach ? "" : liesOn(reach, chosen, edge) ? "reached" : "other"}`
            }
            d={curve(drawing.edges[index]?.points ?? [])}
            marker-end="url(#flow-tip)"
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
              onClick={() => onChoose(id === chosen ? undefined : id)}
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
                {shortOf(label)}
              </text>
            </g>
          );
        })}
      </svg>
    </div>
  );
}

function useDrawing(graph: ContractGraph): Drawing | undefined {
  const [drawn, setDrawn] = useState<{ readonly graph: ContractGraph; readonly drawing: Drawing }>();
  useEffect(() => {
    let current = true;
    void import("../diagrams/graph-layout.ts").then(({ layOut }) => {
      if (!current) return;
      const boxes = graph.nodes.map(({ id, label }) => ({
        id,
        width: textWidth(shortOf(label), FONT) + 18,
        height: 26,
      }));
      setDrawn({ graph, drawing: layOut(boxes, graph.edges, { direction: "LR", nodeGap: 12, rankGap: 46 }) });
    });
    return () => void (current = false);
  }, [graph]);
  return drawn?.graph === graph ? drawn.drawing : undefined;
}
