import type { Point } from "./graph-layout.ts";

/** Width of a monospaced letter / font size. */
const GLYPH_WIDTH_RATIO = 0.61;
export const textWidth = (text: string, fontSize: number): number =>
  Math.ceil(text.length * fontSize * GLYPH_WIDTH_RATIO);

/** A line through the points, with rounded corners. */
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

/** From a box back to itself. @param labelLeft the left end of the label, up to which the loop reaches */
export function selfLoopPath({ x, y, width }: Point & { readonly width: number }, labelLeft: number): string {
  const right = x + width / 2;
  // A Bézier curve reaches three quarters of the way to its control points.
  const far = right + Math.max(labelLeft - right, 18) / 0.75;
  const start = formatPoint({ x: right, y: y - 8 });
  const controls = [-26, 26].map((shift) => formatPoint({ x: far, y: y + shift }));
  return `M${start} C${controls.join(" ")} ${formatPoint({ x: right, y: y + 8 })}`;
}

const formatPoint = ({ x, y }: Point): string => `${x.toFixed(1)},${y.toFixed(1)}`;
