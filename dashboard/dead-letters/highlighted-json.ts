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
  const highlightedPaths = new Set(
    pointers.map((pointer) => deepestExistingPath(value, pointerInEnvelope(value, pointer))),
  );
  return jsonLines(value, "", "", "", highlightedPaths);
}

function jsonLines(
  value: unknown,
  path: string,
  label: string,
  indent: string,
  highlightedPaths: ReadonlySet<string>,
): readonly HighlightedLine[] {
  const isHighlighted = highlightedPaths.has(path);
  if (typeof value !== "object" || value === null)
    return [{ text: indent + label + JSON.stringify(value), isHighlighted }];
  const entries = Object.entries(value);
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  if (entries.length === 0) return [{ text: `${indent}${label}${open}${close}`, isHighlighted }];
  const inner = entries.flatMap(([key, each], index) => {
    const own = Array.isArray(value) ? "" : `${JSON.stringify(key)}: `;
    const lines = jsonLines(each, `${path}/${escapePointerPart(key)}`, own, `${indent}  `, highlightedPaths);
    return index === entries.length - 1 ? lines : withComma(lines);
  });
  return [
    { text: `${indent}${label}${open}`, isHighlighted },
    ...inner,
    { text: indent + close, isHighlighted: false },
  ];
}

const withComma = (lines: readonly HighlightedLine[]): HighlightedLine[] =>
  lines.map((line, index) => (index === lines.length - 1 ? { ...line, text: `${line.text},` } : line));
const escapePointerPart = (key: string): string => key.replaceAll("~", "~0").replaceAll("/", "~1");

/** Errors name parts of a payload from the payload's root, but in an envelope the payload is not the root. */
function pointerInEnvelope(value: unknown, pointer: string): string {
  const first = pointer.split("/")[1];
  const { payload } = (value ?? {}) as { readonly payload?: unknown };
  const isInside = typeof payload === "object" && payload !== null && first !== "payload";
  return isInside && !(first !== undefined && Object.hasOwn(value as object, first)) ? `/payload${pointer}` : pointer;
}

function deepestExistingPath(value: unknown, pointer: string): string {
  let at = value;
  let path = "";
  for (const part of pointer.split("/").slice(1)) {
    const key = part.replaceAll("~1", "/").replaceAll("~0", "~");
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, key)) return path;
    at = (at as Readonly<Record<string, unknown>>)[key];
    path += `/${part}`;
  }
  return path;
}
