import type { Point } from "./graph-layout.ts";

/** Of a monospaced letter, by its font's size. */
const LETTER = 0.61;
export const textWidth = (text: string, fontSize: number): number => Math.ceil(text.length * fontSize * LETTER);

/** A line through the points whose corners are rounded. */
export function curve(points: readonly Point[]): string {
  const [first, ...rest] = points;
  if (!first) return "";
  const last = rest.at(-1) ?? first;
  const corners = rest.slice(0, -1).map((corner, index) => {
    const next = rest[index + 1] as Point;
    const end = index === rest.length - 2 ? last : { x: (corner.x + next.x) / 2, y: (corner.y + next.y) / 2 };
    return `Q${at(corner)} ${at(end)}`;
  });
  return `M${at(first)} ${corners.length > 0 ? corners.join(" ") : `L${at(last)}`}`;
}

/** From a box back to itself, as far as what stands to its right. @param until where that begins */
export function loop({ x, y, width }: Point & { readonly width: number }, until: number): string {
  const right = x + width / 2;
  // A curve comes three quarters of the way to its control points.
  const far = right + Math.max(until - right, 18) / 0.75;
  return (
    `M${at({ x: right, y: y - 8 })} C${at({ x: far, y: y - 26 })} ${at({ x: far, y: y + 26 })} ` +
    `${at({ x: right, y: y + 8 })}`
  );
}

const at = ({ x, y }: Point): string => `${x.toFixed(1)},${y.toFixed(1)}`;
