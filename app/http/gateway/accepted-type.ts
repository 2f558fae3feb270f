/**
 * Of the media types that are offered, in order of preference, the one that a request's Accept prefers. An empty one
 * fits every request. Undefined: none is accepted.
 */
export function acceptedType(accept: string | undefined, offered: readonly string[]): string | undefined {
  if (accept === undefined || accept.trim() === "" || offered.includes("")) return offered[0];
  const ranges = accept.split(",").map(parseRange);
  const rated = offered.map((type, index) => ({ type, index, quality: qualityOf(type, ranges) }));
  const [best] = rated.toSorted((a, b) => b.quality - a.quality || a.index - b.index);
  return best && best.quality > 0 ? best.type : undefined;
}

interface Range {
  readonly type: string;
  readonly quality: number;
}

function parseRange(text: string): Range {
  const [type = "", ...parameters] = text.split(";").map((part) => part.trim().toLowerCase());
  const quality = Number(parameters.find((each) => each.startsWith("q="))?.slice(2) ?? 1);
  return { type, quality: Number.isNaN(quality) ? 0 : quality };
}

/** The most exact range that names the type decides. */
function qualityOf(type: string, ranges: readonly Range[]): number {
  const [group] = type.split("/");
  for (const range of [type, `${group}/*`, "*/*"]) {
    const found = ranges.find((each) => each.type === range);
    if (found) return found.quality;
  }
  return 0;
}
