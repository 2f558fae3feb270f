import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { Chart, type Line } from "./chart.tsx";
import { amount } from "../shared/format.ts";
import "./chart-table.css";

export interface Row extends Line {
  readonly name: ComponentChildren;
  /** What it is at present: newer than the last sample. */
  readonly now: number | null;
}

/** Lines over time, and beside them the table that is their legend: now, or at the time that is pointed at. */
export function ChartTable({
  title,
  unit,
  times,
  rows,
}: {
  readonly title: string;
  readonly unit: string;
  readonly times: readonly string[];
  readonly rows: readonly Row[];
}) {
  const [pointed, setPointed] = useState<number>();
  const at = pointed === undefined ? undefined : times[pointed];
  const most = (values: Line["values"]): number => values.reduce<number>((max, value) => Math.max(max, value ?? 0), 0);
  return (
    <section class="card chart-table" aria-label={title}>
      <h2>{title}</h2>
      <Chart times={times} lines={rows} summary={summaryOf(title, times, rows)} onPoint={setPointed} />
      <table>
        <thead>
          <tr>
            <th scope="col">{unit}</th>
            <th scope="col">{at === undefined ? "now" : new Date(at).toLocaleTimeString()}</th>
            <th scope="col">most</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ label, name, colour, dash, values, now }) => (
            <tr key={label}>
              <th scope="row">
                <svg width="26" height="8" aria-hidden="true">
                  <line
                    x1="0"
                    y1="4"
                    x2="26"
                    y2="4"
                    style={{ stroke: `var(${colour})`, strokeWidth: 2 }}
                    stroke-dasharray={dash.join(" ")}
                  />
                </svg>
                {name}
              </th>
              <td>{shown(pointed === undefined ? now : (values[pointed] ?? null))}</td>
              <td>{shown(Math.max(now ?? 0, most(values)))}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

const shown = (value: number | null): string => (value === null ? "?" : amount(value));

function summaryOf(title: string, times: readonly string[], rows: readonly Row[]): string {
  const [first, last] = [times[0], times.at(-1)];
  if (first === undefined || last === undefined) return `${title}: nothing yet`;
  const clock = (at: string): string => new Date(at).toLocaleTimeString();
  const moved = rows.map(
    ({ label, values }) => `${label} from ${shown(values[0] ?? null)} to ${shown(values.at(-1) ?? null)}`,
  );
  return `${title}, ${clock(first)} to ${clock(last)}: ${moved.join("; ")}`;
}
