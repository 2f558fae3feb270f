import type { MachineGraph } from "../../app/http/contracts/contract-graph.ts";
import type { Point, Sized } from "./graph-layout.ts";

type State = MachineGraph["states"][number];
export const STATE_FONT = 12.5;

/** What stands below a state's name. */
export const stateNotes = ({ deadline, raises, transient }: State): readonly string[] => [
  ...(transient ? ["passed through"] : []),
  ...(deadline === undefined ? [] : [`deadline ${deadline}`]),
  ...(raises === undefined ? [] : [`raises ${raises}`]),
];

interface StateBoxProps {
  readonly state: State;
  readonly initial: boolean;
  readonly current: boolean;
  readonly count: number | undefined;
  readonly at: (Point & Sized) | undefined;
  readonly onState: ((name: string) => void) | undefined;
}

export function StateBox({ state, initial, current, count, at, onState }: StateBoxProps) {
  if (!at) return null;
  const notes = stateNotes(state);
  const { name, terminal, transient } = state;
  const classes = [
    "state",
    initial && "initial",
    terminal && "terminal",
    transient && "transient",
    current && "current",
  ];
  const left = at.x - at.width / 2;
  const top = at.y - at.height / 2;
  return (
    <g
      class={classes.filter(Boolean).join(" ")}
      {...(onState && {
        role: "button",
        // In SVG names are taken as they are written, and only this one is an attribute.
        tabindex: 0,
        onClick: () => onState(name),
        onKeyDown: (event: KeyboardEvent) => {
          if (event.key !== "Enter" && event.key !== " ") return;
          event.preventDefault();
          onState(name);
        },
      })}
    >
      <rect x={left} y={top} width={at.width} height={at.height} rx="8" />
      <text x={left + 13} y={notes.length > 0 ? at.y - 3 : at.y + 4.5} font-size={STATE_FONT}>
        {name}
      </text>{" "}
      {notes.length > 0 && (
        <text class="state-note" x={left + 13} y={at.y + 14} font-size="10.5">
          {notes.join(", ")}
        </text>
      )}{" "}
      {count !== undefined && (
        <text class="state-count" x={left + at.width - 12} y={at.y + 4.5} font-size={STATE_FONT}>
          {compact(count)}
        </text>
      )}
    </g>
  );
}

const compact = (count: number): string => (count < 10_000 ? String(count) : `${Math.round(count / 1_000)}k`);
