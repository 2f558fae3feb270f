import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { Chart, type ChartLine } from "./chart.tsx";
import { formatClockTime, formatNumber } from "../shared/format.ts";
import "./chart-table.css";

export interface ChartSeries extends ChartLine {
  readonly name: ComponentChildren;
  /** The present value, which is newer than the last sample. */
  readonly now: number | null;
}

interface ChartTableProps {
  readonly title: string;
  readonly unit: string;
  readonly times: readonly string[];
  readonly rows: readonly ChartSeries[];
}

/** A line chart, and a table that is its legend, with the values of now or of the time under the pointer. */
export function ChartTable({ title, unit, times, rows }: ChartTableProps) {
  const [hoveredIndex, setHoveredIndex] = useState<number>();
  const hoveredAt = hoveredIndex === undefined ? undefined : times[hoveredIndex];
  const maxOf = (values: ChartLine["values"]): number =>
    values.reduce<number>((max, value) => Math.max(max, value ?? 0), 0);
  return (
    <section class="card chart-table" aria-label={title}>
      <h2>{title}</h2>
      <Chart times={times} lines={rows} summary={describeChart(title, times, rows)} onPoint={setHoveredIndex} />
      <table>
        <thead>
          <tr>
            <th scope="col">{unit}</th>
            <th scope="col">{hoveredAt === undefined ? "now" : formatClockTime(hoveredAt)}</th>
            <th scope="col">max</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ label, name, colour, dash, values, now }) => (
            <tr key={label}>
              <th scope="row">
                <svg width="26" height="8" aria-hidden="true" style={{ stroke: `var(${colour})` }}>
                  <path d="M0,4 H26" stroke-width="2" stroke-dasharray={dash.join(" ")} />
                </svg>
                {name}
              </th>
              <td>{formatValue(hoveredIndex === undefined ? now : (values[hoveredIndex] ?? null))}</td>
              <td>{formatValue(Math.max(now ?? 0, maxOf(values)))}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

const formatValue = (value: number | null): string => (value === null ? "?" : formatNumber(value));

function describeChart(title: string, times: readonly string[], rows: readonly ChartSeries[]): string {
  const [first, last] = [times[0], times.at(-1)];
  if (first === undefined || last === undefined) return `${title}: no data yet`;
  const changes = rows.map(
    ({ label, values }) => `${label} from ${formatValue(values[0] ?? null)} to ${formatValue(values.at(-1) ?? null)}`,
  );
  return `${title}, ${formatClockTime(first)} to ${formatClockTime(last)}: ${changes.join("; ")}`;
}
