import type { TimelineStep } from "./diagnostic.ts";

const COLUMN_TITLES = ["T", "message", "orchestrator", "reducer", "events and intents"] as const;

/** A timeline as a table, a line for each message. */
export function formatTimeline(timeline: readonly TimelineStep[]): readonly string[] {
  if (timeline.length === 0) return [];
  const rows = timeline.map(rowOf);
  const widths = COLUMN_TITLES.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  return [COLUMN_TITLES, ...rows].map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}

function rowOf({ atMs, message, orchestrator, reducer, events, intents, reason }: TimelineStep): readonly string[] {
  const produced = [...events, ...intents.map((intent) => `-> ${intent}`)];
  return [
    `${(atMs / 1_000).toFixed(3)} s`,
    message,
    orchestrator,
    reducer,
    produced.length > 0 ? produced.join(", ") : `(${reason})`,
  ];
}
