export interface HighlightedLine {
  readonly text: string;
  /** The error names what is on this line. */
  readonly isHighlighted: boolean;
}

/** The JSON pointers in the text of an error, each once. */
export const pointersIn = (error: string): readonly string[] => [
  ...new Set(
    [...error.matchAll(/(?:^|[;\n] ?)(\/[^:\s]*):/g)].map(([, pointer = ""]) => (pointer === "/" ? "" : pointer)),
  ),
];

/** JSON as lines of text. A pointer to a missing value highlights the deepest of its parents that exists. */
export function highlightedJson(value: unknown, pointers: readonly string[]): readonly HighlightedLine[] {
  const lines = JSON.stringify(value, null, 2).split("\n");
  const linePointers = pointersOfLines(lines);
  const highlighted = pointers.map((pointer) => {
    const wanted = `${pointerInEnvelope(value, pointer)}/`;
    // Parents come before their children, so that the last match is the deepest.
    return linePointers.findLastIndex((each) => each !== undefined && wanted.startsWith(`${each}/`));
  });
  return lines.map((text, index) => ({ text, isHighlighted: highlighted.includes(index) }));
}

/** The pointer to the value that begins on each line; undefined for a line that only ends one. */
function pointersOfLines(lines: readonly string[]): readonly (string | undefined)[] {
  // Both by depth: the pointer to the latest value, and the index of the next one if its parent is an array.
  const pointers: string[] = [];
  const nextIndex: number[] = [];
  return lines.map((line) => {
    const text = line.trimStart();
    if (/^[\]}]/.test(text)) return undefined;
    const depth = (line.length - text.length) / 2;
    const key = /^"(?:[^"\\]|\\.)*"(?=: )/.exec(text)?.[0];
    const index = nextIndex[depth] ?? 0;
    nextIndex[depth] = index + 1;
    nextIndex[depth + 1] = 0;
    const part = key === undefined ? String(index) : escapePointerPart(JSON.parse(key) as string);
    return (pointers[depth] = depth === 0 ? "" : `${pointers[depth - 1]}/${part}`);
  });
}

const escapePointerPart = (key: string): string => key.replaceAll("~", "~0").replaceAll("/", "~1");

/** Errors name parts of a payload from the payload's root, but in an envelope the payload is not the root. */
function pointerInEnvelope(value: unknown, pointer: string): string {
  const first = pointer.split("/")[1];
  const { payload } = (value ?? {}) as { readonly payload?: unknown };
  const isInside = typeof payload === "object" && payload !== null && first !== "payload";
  return isInside && !(first !== undefined && Object.hasOwn(value as object, first)) ? `/payload${pointer}` : pointer;
}
