export interface JsonLine {
  readonly text: string;
  /** What the error names stands here. */
  readonly lit: boolean;
}

/** The JSON pointers that an error's text names, each once. */
export const pointersIn = (error: string): readonly string[] => [
  ...new Set(
    [...error.matchAll(/(?:^|[;\n] ?)(\/[^:\s]*):/g)].map(([, pointer = ""]) => (pointer === "/" ? "" : pointer)),
  ),
];

/** JSON as text, line by line; a pointer to what is not there lights the deepest part of its way that is. */
export function pointedJson(value: unknown, pointers: readonly string[]): readonly JsonLine[] {
  const lit = new Set(pointers.map((pointer) => deepest(value, withinEnvelope(value, pointer))));
  return linesOf(value, "", "", "", lit);
}

function linesOf(
  value: unknown,
  path: string,
  label: string,
  indent: string,
  lit: ReadonlySet<string>,
): readonly JsonLine[] {
  const isLit = lit.has(path);
  if (typeof value !== "object" || value === null)
    return [{ text: indent + label + JSON.stringify(value), lit: isLit }];
  const entries = Object.entries(value);
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  if (entries.length === 0) return [{ text: `${indent}${label}${open}${close}`, lit: isLit }];
  const inner = entries.flatMap(([key, each], index) => {
    const own = Array.isArray(value) ? "" : `${JSON.stringify(key)}: `;
    const lines = linesOf(each, `${path}/${escaped(key)}`, own, `${indent}  `, lit);
    return index === entries.length - 1 ? lines : withComma(lines);
  });
  return [{ text: `${indent}${label}${open}`, lit: isLit }, ...inner, { text: indent + close, lit: false }];
}

const withComma = (lines: readonly JsonLine[]): JsonLine[] =>
  lines.map((line, index) => (index === lines.length - 1 ? { ...line, text: `${line.text},` } : line));
const escaped = (key: string): string => key.replaceAll("~", "~0").replaceAll("/", "~1");

/** What is wrong with a payload is named from its top, which in an envelope is not the message's. */
function withinEnvelope(value: unknown, pointer: string): string {
  const first = pointer.split("/")[1];
  const { payload } = (value ?? {}) as { readonly payload?: unknown };
  const isInside = typeof payload === "object" && payload !== null && first !== "payload";
  return isInside && !(first !== undefined && Object.hasOwn(value as object, first)) ? `/payload${pointer}` : pointer;
}

function deepest(value: unknown, pointer: string): string {
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
