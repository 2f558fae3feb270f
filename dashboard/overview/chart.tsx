import { useEffect, useRef, useState } from "preact/hooks";
import type uPlot from "uplot";
import { formatClockTime } from "../shared/format.ts";
import "uplot/dist/uPlot.min.css";

export interface ChartLine {
  readonly label: string;
  /** The name of a colour in the style sheet, such as `--good`. */
  readonly colour: string;
  readonly dash: readonly number[];
  readonly values: readonly (number | null)[];
}
interface ChartProps {
  readonly times: readonly string[];
  readonly lines: readonly ChartLine[];
  /** The chart in words, for those who can't see it. */
  readonly summary: string;
  /** Called with the index of the sample under the pointer; undefined: none. */
  readonly onPoint: (index: number | undefined) => void;
}

const HEIGHT_PX = 220;
/** Of a time below the chart, with some room. */
const TIME_WIDTH_PX = 90;
const SHORT = new Intl.NumberFormat("en", { notation: "compact" });

/** Lines over time, without a legend. */
export function Chart({ times, lines, summary, onPoint }: ChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const data = toPlotData(times, lines);
  const latest = useRef({ data, onPoint });
  latest.current = { data, onPoint };
  const scheme = usePrefersDark();
  const seriesKey = lines.map(({ label, colour, dash }) => `${label} ${colour} ${dash.join()}`).join("|");

  useEffect(() => {
    const element = box.current as HTMLDivElement;
    let isDisposed = false;
    const resized = new ResizeObserver(() => plot.current?.setSize({ width: element.clientWidth, height: HEIGHT_PX }));
    void import("uplot").then(({ default: UPlot }) => {
      if (isDisposed) return;
      const stroke = resolveColour(element, "--secondary-text");
      const grid = { stroke: resolveColour(element, "--line"), width: 1 };
      const axis = { stroke, grid, ticks: grid };
      plot.current = new UPlot(
        {
          width: element.clientWidth,
          height: HEIGHT_PX,
          legend: { show: false },
          cursor: { drag: { x: false, y: false } },
          scales: { x: { range: timeRange }, y: { range: (_, __, most) => [0, Math.max(1, most * 1.1)] } },
          axes: [
            { ...axis, space: TIME_WIDTH_PX, values: (_, ticks) => ticks.map(clockTime) },
            { ...axis, values: (_, ticks) => ticks.map((tick) => SHORT.format(tick)) },
          ],
          series: [
            {},
            ...lines.map(({ label, colour, dash }) => ({
              label,
              stroke: resolveColour(element, colour),
              width: 2,
              dash: [...dash],
              points: { show: false },
            })),
          ],
          hooks: { setCursor: [({ cursor }) => latest.current.onPoint(cursor.idx ?? undefined)] },
        },
        latest.current.data,
        element,
      );
      resized.observe(element);
    });
    return () => {
      isDisposed = true;
      resized.disconnect();
      plot.current?.destroy();
      plot.current = undefined;
    };
  }, [seriesKey, scheme]);
  useEffect(() => plot.current?.setData(data), [times, lines]);
  return <div class="chart" ref={box} role="img" aria-label={summary} />;
}

const clockTime = (seconds: number): string => formatClockTime(seconds * 1_000);

type PlotData = [number[], ...(number | null)[][]];
const toPlotData = (times: readonly string[], lines: readonly ChartLine[]): PlotData => [
  times.map((at) => Date.parse(at) / 1_000),
  ...lines.map(({ values }) => [...values]),
];

/** Seconds since the epoch; the last hour while there are fewer than two samples. */
function timeRange(_plot: uPlot, from: number, to: number): [number, number] {
  if (from < to) return [from, to];
  const now = Date.now() / 1_000;
  return [now - 3_600, now];
}

/** The value of a colour: canvas drawing does not read variables of style sheets. */
function resolveColour(within: HTMLElement, name: string): string {
  const probe = within.appendChild(document.createElement("span"));
  probe.style.color = `var(${name})`;
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

function usePrefersDark(): boolean {
  const [isDark, setDark] = useState(() => matchMedia("(prefers-color-scheme: dark)").matches);
  useEffect(() => {
    const query = matchMedia("(prefers-color-scheme: dark)");
    const changed = (): void => setDark(query.matches);
    query.addEventListener("change", changed);
    return () => query.removeEventListener("change", changed);
  }, []);
  return isDark;
}
