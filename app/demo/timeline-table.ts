import { type Colors, paintState } from "../terminal/output.ts";
import type { TimelineRow } from "./timeline.ts";

const WIDTHS = { atMs: 6, actor: 12, what: 29, orchestrator: 20, reducer: 8 } as const;

export function headerLine(colors: Colors): string {
  return colors.dim(
    `${"T+ms".padStart(WIDTHS.atMs)}  ${"who".padEnd(WIDTHS.actor)}  ${"what".padEnd(WIDTHS.what)}  ` +
      `${"orchestrator".padEnd(WIDTHS.orchestrator)}  ${"reducer".padEnd(WIDTHS.reducer)}  topic, target or reason`,
  );
}

/** One row of the timeline; a state that is new stands out. */
export function rowLine(row: TimelineRow, before: TimelineRow | undefined, colors: Colors): string {
  const { atMs, actor, name, orchestrator, reducer, detail } = row;
  const isNew = orchestrator !== before?.orchestrator;
  const state = orchestrator.padEnd(WIDTHS.orchestrator);
  const reducerState = reducer.padEnd(WIDTHS.reducer);
  return [
    String(Math.round(atMs)).padStart(WIDTHS.atMs),
    paintActor(actor, colors)(actor.padEnd(WIDTHS.actor)),
    (actor === "node" ? colors.bold : (text: string) => text)(name.padEnd(WIDTHS.what)),
    isNew ? state.replace(orchestrator, paintState(orchestrator, colors)) : colors.dim(state),
    reducer !== before?.reducer ? colors.cyan(reducerState) : colors.dim(reducerState),
    colors.dim(detail),
  ]
    .join("  ")
    .trimEnd();
}

function paintActor(actor: TimelineRow["actor"], colors: Colors): (text: string) => string {
  if (actor === "node") return colors.bold;
  if (actor === "deadline") return colors.red;
  return actor === "orchestrator" ? colors.blue : actor === "effect" ? colors.green : colors.magenta;
}
