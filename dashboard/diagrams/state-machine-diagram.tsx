import { useEffect, useId, useRef, useState } from "preact/hooks";
import type { MachineGraph } from "../../app/http/contracts/contract-graph.ts";
import { roundedPath, selfLoopPath, textWidth } from "./svg-paths.ts";
import type { GraphLayout } from "./graph-layout.ts";
import { groupTransitions, type TransitionArrow, type TransitionKey } from "./transition-arrows.ts";
import { StateBox, STATE_FONT, stateNotes } from "./state-box.tsx";
import "./state-machine-diagram.css";

const LABEL_FONT = 10.5;
const LABEL_LINE = 14;
const NO_STEPS: readonly TransitionKey[] = [];
const NO_COUNTS: Readonly<Record<string, number>> = {};

export interface StateMachineDiagramProps {
  readonly machine: MachineGraph;
  /** The state that is lit. */
  readonly current?: string | null | undefined;
  /** The transitions that were taken. */
  readonly path?: readonly TransitionKey[];
  /** How many are in which state. */
  readonly counts?: Readonly<Record<string, number>>;
  readonly onSelectState?: (name: string) => void;
}

/** A machine as a picture, and the same as a table for those who read it otherwise. */
export function StateMachineDiagram({
  machine,
  current,
  path = NO_STEPS,
  counts = NO_COUNTS,
  onSelectState: onState,
}: StateMachineDiagramProps) {
  const { arrows, footnotes } = groupTransitions(machine.transitions, path);
  const graphLayout = useMachineLayout(machine, arrows, Object.keys(counts).length > 0);
  const id = useId();
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const at = graphLayout?.nodes.get(current ?? machine.initial);
    if (box.current && at) box.current.scrollLeft = at.x - box.current.clientWidth / 2;
  }, [graphLayout, current]);
  return (
    <figure class="machine">
      <div class="machine-box" tabIndex={0} role="region" aria-label={`Drawing of ${machine.name}`} ref={box}>
        {graphLayout ? (
          <svg
            // What can be clicked is hidden from readers inside of an image.
            role={onState ? "group" : "img"}
            aria-labelledby={`${id}-title`}
            width={graphLayout.width}
            height={graphLayout.height}
            viewBox={`0 0 ${graphLayout.width} ${graphLayout.height}`}
          >
            <title id={`${id}-title`}>{describeMachine(machine, current)}</title>
            <defs>
              <ArrowHead id={`${id}-tip`} class="arrow-head" />
              <ArrowHead id={`${id}-taken`} class="arrow-head taken" />
            </defs>
            {arrows.map((arrow, index) => (
              <path
                key={`${arrow.from} ${arrow.to}`}
                class={arrow.taken ? "arrow taken" : "arrow"}
                d={arrowPath(arrow, graphLayout, index)}
                marker-end={`url(#${id}-${arrow.taken ? "taken" : "tip"})`}
              />
            ))}
            {arrows.map((arrow, index) => (
              <ArrowLabel key={`${arrow.from} ${arrow.to}`} arrow={arrow} at={graphLayout.edges[index]?.label} />
            ))}
            {machine.states.map((state) => (
              <StateBox
                key={state.name}
                state={state}
                initial={state.name === machine.initial}
                current={state.name === current}
                count={counts[state.name]}
                box={graphLayout.nodes.get(state.name)}
                onSelectState={onState}
              />
            ))}
          </svg>
        ) : (
          <p class="note">Drawing …</p>
        )}
      </div>
      {footnotes.length > 0 && (
        <p class="note footnotes">
          {footnotes.map((trigger, index) => (
            <span key={trigger}>
              ({index + 1}) {trigger}
            </span>
          ))}
        </p>
      )}
      <TransitionTable machine={machine} path={path} />
    </figure>
  );
}

function arrowPath({ from, to, labels }: TransitionArrow, { nodes, edges }: GraphLayout, index: number): string {
  const edge = edges[index];
  const box = from === to ? nodes.get(from) : undefined;
  return box ? selfLoopPath(box, (edge?.label?.x ?? 0) - labelWidth(labels) / 2) : roundedPath(edge?.points ?? []);
}

const labelWidth = (lines: TransitionArrow["labels"]): number =>
  8 + Math.max(...lines.map(({ text }) => textWidth(text, LABEL_FONT)));

function describeMachine({ name, states, transitions }: MachineGraph, current: string | null | undefined): string {
  const currentText = current ? `, now in ${current}` : "";
  return `${name}: ${states.length} states, ${transitions.length} transitions${currentText}`;
}

/** Drawn when its layout is there: what lays out is loaded with the first machine that is shown. */
function useMachineLayout(
  machine: MachineGraph,
  arrows: readonly TransitionArrow[],
  counted: boolean,
): GraphLayout | undefined {
  const [drawing, setDrawing] = useState<{ readonly machine: MachineGraph; readonly drawing: GraphLayout }>();
  useEffect(() => {
    let current = true;
    void import("./graph-layout.ts").then(({ layoutGraph }) => {
      if (!current) return;
      const boxes = machine.states.map((state) => ({
        id: state.name,
        width:
          26 +
          Math.max(textWidth(state.name, STATE_FONT), textWidth(stateNotes(state).join(", "), LABEL_FONT)) +
          (counted ? 34 : 0),
        height: stateNotes(state).length > 0 ? 44 : 30,
      }));
      const labelled = arrows.map(({ from, to, labels }) => ({
        from,
        to,
        width: labelWidth(labels),
        height: labels.length * LABEL_LINE + 4,
      }));
      setDrawing({ machine, drawing: layoutGraph(boxes, labelled, { direction: "TB", nodeGap: 30, rankGap: 26 }) });
    });
    return () => void (current = false);
  }, [machine, counted]);
  return drawing?.machine === machine ? drawing.drawing : undefined;
}

function ArrowHead({ id, class: name }: { readonly id: string; readonly class: string }) {
  return (
    <marker id={id} class={name} viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">
      <path d="M0,0 L8,4 L0,8 z" />
    </marker>
  );
}

function ArrowLabel({
  arrow,
  at,
}: {
  readonly arrow: TransitionArrow;
  readonly at: { x: number; y: number } | undefined;
}) {
  if (!at) return null;
  const top = at.y - (arrow.labels.length * LABEL_LINE) / 2;
  return (
    <g class="arrow-label" aria-hidden="true">
      {arrow.labels.map(({ text, taken }, index) => (
        <text
          key={text}
          class={taken ? "taken" : ""}
          x={at.x}
          y={top + (index + 0.72) * LABEL_LINE}
          font-size={LABEL_FONT}
        >
          {text}
        </text>
      ))}
    </g>
  );
}

function TransitionTable({
  machine,
  path,
}: {
  readonly machine: MachineGraph;
  readonly path: readonly TransitionKey[];
}) {
  const isTaken = ({ from, trigger, to }: TransitionKey) =>
    path.some((step) => step.from === from && step.trigger === trigger && step.to === to);
  return (
    <details>
      <summary>{machine.name} as a table</summary>
      <div class="scroll" tabIndex={0} role="region" aria-label={`Table of ${machine.name}`}>
        <table>
          <thead>
            <tr>
              <th scope="col">From</th>
              <th scope="col">On</th>
              <th scope="col">To</th>
              <th scope="col">If</th>
              <th scope="col">Does</th>
              {path.length > 0 && <th scope="col">Taken</th>}
            </tr>
          </thead>
          <tbody>
            {machine.transitions.map((transition, index) => (
              <tr key={index}>
                <td>{transition.from}</td>
                <td>{transition.trigger}</td>
                <td>{transition.to}</td>
                <td>{transition.conditions.join(" and ")}</td>
                <td>{transition.actions.join(", ")}</td>
                {path.length > 0 && <td>{isTaken(transition) ? "yes" : ""}</td>}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}
