import { useId } from "preact/hooks";
import type { MachineGraph } from "../../app/http/contracts/contract-graph.ts";
import { ArrowHead, DiagramCanvas } from "./diagram-canvas.tsx";
import type { GraphLayout, LayoutInput, Point } from "./graph-layout.ts";
import { StateBox, STATE_FONT, stateNotes } from "./state-box.tsx";
import { roundedPath, selfLoopPath, textWidth } from "./svg-paths.ts";
import { groupTransitions, type TransitionArrow, type TransitionKey } from "./transition-arrows.ts";
import { TransitionTable } from "./transition-table.tsx";
import "./state-machine-diagram.css";

const LABEL_FONT = 10.5;
const LABEL_LINE = 14;
const COUNT_WIDTH = 34;
const NO_PATH: readonly TransitionKey[] = [];

interface StateMachineDiagramProps {
  readonly machine: MachineGraph;
  /** The state that is highlighted. */
  readonly current?: string | null | undefined;
  /** The transitions that were taken. */
  readonly path?: readonly TransitionKey[];
  /** State -> how many are in it. */
  readonly counts?: Readonly<Record<string, number>>;
  readonly onSelectState?: (name: string) => void;
}

/** A state machine as a drawing, and the same as a table for those who can't see it. */
export function StateMachineDiagram({
  machine,
  current,
  path = NO_PATH,
  counts,
  onSelectState,
}: StateMachineDiagramProps) {
  const { arrows, footnotes } = groupTransitions(machine.transitions, path);
  const id = useId();
  return (
    <figure class="machine">
      <DiagramCanvas
        label={`Drawing of ${machine.name}`}
        description={describeMachine(machine, current)}
        graph={machine}
        layoutInput={() => layoutInput(machine, arrows, counts !== undefined)}
        centerId={current ?? machine.initial}
        hasButtons={onSelectState !== undefined}
      >
        {(drawn) => (
          <>
            <ArrowHead id={`${id}-untaken`} />
            <ArrowHead id={`${id}-taken`} isTaken />
            {arrows.map((arrow, index) => (
              <path
                key={`${arrow.from} ${arrow.to}`}
                class={arrow.taken ? "arrow taken" : "arrow"}
                d={arrowPath(arrow, drawn, index)}
                marker-end={`url(#${id}-${arrow.taken ? "taken" : "untaken"})`}
              />
            ))}
            {arrows.map((arrow, index) => (
              <ArrowLabel key={`${arrow.from} ${arrow.to}`} labels={arrow.labels} at={drawn.edges[index]?.label} />
            ))}
            {machine.states.map((state) => (
              <StateBox
                key={state.name}
                state={state}
                initial={state.name === machine.initial}
                current={state.name === current}
                count={counts?.[state.name]}
                box={drawn.nodes.get(state.name)}
                onSelectState={onSelectState}
              />
            ))}
          </>
        )}
      </DiagramCanvas>
      <Footnotes triggers={footnotes} />
      <TransitionTable machine={machine} path={path} />
    </figure>
  );
}

function layoutInput(machine: MachineGraph, arrows: readonly TransitionArrow[], hasCounts: boolean): LayoutInput {
  return {
    boxes: machine.states.map((state) => {
      const notes = stateNotes(state);
      const textPx = Math.max(textWidth(state.name, STATE_FONT), textWidth(notes.join(", "), LABEL_FONT));
      return { id: state.name, width: 26 + textPx + (hasCounts ? COUNT_WIDTH : 0), height: notes.length > 0 ? 44 : 30 };
    }),
    edges: arrows.map(({ from, to, labels }) => ({
      from,
      to,
      width: labelWidth(labels),
      height: labels.length * LABEL_LINE + 4,
    })),
    direction: "TB",
    nodeGap: 30,
    rankGap: 26,
  };
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

function ArrowLabel({ labels, at }: Pick<TransitionArrow, "labels"> & { readonly at: Point | undefined }) {
  if (!at) return null;
  const top = at.y - (labels.length * LABEL_LINE) / 2;
  return (
    <g class="arrow-label" aria-hidden="true" font-size={LABEL_FONT}>
      {labels.map(({ text, taken }, index) => (
        <text key={text} class={taken ? "taken" : ""} x={at.x} y={top + (index + 0.72) * LABEL_LINE}>
          {text}
        </text>
      ))}
    </g>
  );
}

function Footnotes({ triggers }: { readonly triggers: readonly string[] }) {
  if (triggers.length === 0) return null;
  return (
    <p class="note footnotes">
      {triggers.map((trigger, index) => (
        <span key={trigger}>
          ({index + 1}) {trigger}
        </span>
      ))}
    </p>
  );
}
