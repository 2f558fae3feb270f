import type { Result } from "./measure.ts";

const WIDTH = 640;
const HEIGHT = 360;
const LEFT = 64;
const RIGHT = 16;
const TOP = 40;
const BOTTOM = 44;
const COLOURS = ["#0b7285", "#c92a2a", "#5f3dc4", "#2b8a3e", "#e67700", "#862e9c", "#495057"];
const PERCENTILES = [
  { name: "p50", dash: "" },
  { name: "p99", dash: "6 4" },
] as const;

/**
 * Latency over load, a line an engine and percentile, as SVG; the latency's axis is logarithmic.
 * @param titles what the latency is of, and what the load consists of
 */
export function latencyChart(
  results: readonly Result[],
  titles: { readonly latency: string; readonly load: string },
): string {
  const points = results.flatMap(({ curve }) => curve);
  const rateMax = Math.max(...points.map(({ perSecond }) => perSecond));
  const decades = [1, 10, 100, 1_000, 10_000];
  const top = decades.find((ms) => ms >= Math.max(...points.map(({ latency }) => latency.p99))) ?? 10_000;
  const x = (rate: number): number => LEFT + (rate / rateMax) * (WIDTH - LEFT - RIGHT);
  const y = (ms: number): number =>
    HEIGHT - BOTTOM - (Math.log10(Math.max(1, ms)) / Math.log10(top)) * (HEIGHT - TOP - BOTTOM);
  const grid = decades
    .filter((ms) => ms <= top)
    .map(
      (ms) =>
        `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(ms)}" y2="${y(ms)}" stroke="#dee2e6"/>` +
        `<text x="${LEFT - 6}" y="${y(ms) + 4}" text-anchor="end">${ms}</text>`,
    );
  const lines = results.flatMap(({ engine, curve }, at) => [
    ...PERCENTILES.map(({ name, dash }) => {
      const path = curve.map(({ perSecond, latency }) => `${x(perSecond).toFixed(1)},${y(latency[name]).toFixed(1)}`);
      return (
        `<polyline fill="none" stroke="${COLOURS[at]}" stroke-width="2" stroke-dasharray="${dash}" ` +
        `points="${path.join(" ")}"/>`
      );
    }),
    `<text x="${LEFT + 8}" y="${TOP + 16 * at}" fill="${COLOURS[at]}">${engine}</text>`,
  ]);
  const ticks = [0.25, 0.5, 0.75, 1].map(
    (share) =>
      `<text x="${x(share * rateMax)}" y="${HEIGHT - BOTTOM + 18}" ` +
      `text-anchor="middle">${Math.round(share * rateMax)}</text>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<rect width="100%" height="100%" fill="#fff"/>`,
    `<text x="${LEFT}" y="18">${titles.latency}, ms: p50 (solid), p99 (dashed)</text>`,
    ...grid,
    ...ticks,
    `<text x="${(LEFT + WIDTH) / 2}" y="${HEIGHT - 8}" text-anchor="middle">${titles.load} a second</text>`,
    ...lines,
    "</svg>",
    "",
  ].join("\n");
}
