import type { Point } from "./graph-layout.ts";

/** Of a monospaced letter, by its font's size. */
const GLYPH_WIDTH_RATIO = 0.61;
export const textWidth = (text: string, fontSize: number): number =>
  Math.ceil(text.length * fontSize * GLYPH_WIDTH_RATIO);

/** A line through the points whose corners are rounded. */
export function roundedPath(points: readonly Point[]): string {
  const [first, ...rest] = points;
  if (!first) return "";
  const last = rest.at(-1) ?? first;
  const corners = rest.slice(0, -1).map((corner, index) => {
    const next = rest[index + 1] as Point;
    const end = index === rest.length - 2 ? last : { x: (corner.x + next.x) / 2, y: (corner.y + next.y) / 2 };
    return `Q${formatPoint(corner)} ${formatPoint(end)}`;
  });
  return `M${formatPoint(first)} ${corners.length > 0 ? corners.join(" ") : `L${formatPoint(last)}`}`;
}

/** From a box back to itself, as far as what stands to its right. @param labelLeft where that begins */
export function selfLoopPath({ x, y, width }: Point & { readonly width: number }, labelLeft: number): string {
  const right = x + width / 2;
  // A curve comes three quarters of the way to its control points.
  const far = right + Math.max(labelLeft - right, 18) / 0.75;
  return (
    `M${formatPoint({ x: right, y: y - 8 })} C${formatPoint({ x: far, y: y - 26 })} ` +
    `${formatPoint({ x: far, y: y + 26 })} ` +
    `${formatPoint({ x: right, y: y + 8 })}`
  );
}

const formatPoint = ({ x, y }: Point): string => `${x.toFixed(1)},${y.toFixed(1)}`;
