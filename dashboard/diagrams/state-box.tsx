import type { MachineGraph } from "../../app/http/contracts/contract-graph.ts";
import type { Point, LayoutBox } from "./graph-layout.ts";

type MachineState = MachineGraph["states"][number];
export const STATE_FONT = 12.5;

/** Shown below the name of a state. */
export const stateNotes = ({ deadline, raises, retain, transient, rests }: MachineState): readonly string[] => [
  ...(rests ? ["rests"] : []),
  ...(transient ? ["passed through"] : []),
  ...(deadline === undefined ? [] : [`deadline ${deadline}`]),
  ...(retain === undefined ? [] : [`kept for ${retain}`]),
  ...(raises === undefined ? [] : [`raises ${raises}`]),
];

interface StateBoxProps {
  readonly state: MachineState;
  readonly initial: boolean;
  readonly current: boolean;
  readonly count: number | undefined;
  readonly box: (Point & LayoutBox) | undefined;
  readonly onSelectState: ((name: string) => void) | undefined;
}

export function StateBox({ state, initial, current, count, box, onSelectState }: StateBoxProps) {
  if (!box) return null;
  const notes = stateNotes(state);
  const { name, terminal, transient } = state;
  const classes = [
    "state",
    initial && "initial",
    terminal && "terminal",
    transient && "transient",
    current && "current",
  ];
  const left = box.x - box.width / 2;
  const top = box.y - box.height / 2;
  return (
    <g
      class={classes.filter(Boolean).join(" ")}
      {...(onSelectState && {
        role: "button",
        // In lower case: Preact writes the names of SVG attributes as they are.
        tabindex: 0,
        onClick: () => onSelectState(name),
        onKeyDown: (event: KeyboardEvent) => {
          if (event.key !== "Enter" && event.key !== " ") return;
          event.preventDefault();
          onSelectState(name);
        },
      })}
    >
      <rect x={left} y={top} width={box.width} height={box.height} rx="8" />
      <text x={left + 13} y={notes.length > 0 ? box.y - 3 : box.y + 4.5} font-size={STATE_FONT}>
        {name}
      </text>{" "}
      {notes.length > 0 && (
        <text class="state-note" x={left + 13} y={box.y + 14} font-size="10.5">
          {notes.join(", ")}
        </text>
      )}{" "}
      {count !== undefined && (
        <text class="state-count" x={left + box.width - 12} y={box.y + 4.5} font-size={STATE_FONT}>
          {compactCount(count)}
        </text>
      )}
    </g>
  );
}

const compactCount = (count: number): string => (count < 10_000 ? String(count) : `${Math.round(count / 1_000)}k`);
