/** Where in a YAML document one writes: keys, and "[]" for an item of a list. */
export interface YamlPlace {
  readonly path: readonly string[];
  /** The key whose value is being written; undefined: a key is. */
  readonly key?: string;
  /** What of the word is there already. */
  readonly word: string;
}

const KEY = /^(?:"([^"]*)"|'([^']*)'|([A-Za-z_][\w.-]*))\s*:(?=\s|$)/;
const WORD = /[\w.*()-]*$/;

/**
 * By indentation and braces, because what is being written is rarely whole. Braces that go over several lines are not
 * followed.
 */
export function placeAt(text: string, position: number): YamlPlace {
  const lines = text.slice(0, position).split("\n");
  const current = lines.pop() ?? "";
  const line = partsOf(current);
  const path = [...parentsOf(lines, line), ...line.dashes.map(() => "[]")];
  return within(path, line.rest);
}

interface Line {
  /** Columns of the dashes of list items, then that of what follows. */
  readonly dashes: readonly number[];
  readonly column: number;
  readonly rest: string;
}

function partsOf(line: string): Line {
  const dashes: number[] = [];
  let column = line.length - line.trimStart().length;
  for (let dash = /^-(\s+|$)/.exec(line.slice(column)); dash; dash = /^-(\s+|$)/.exec(line.slice(column))) {
    dashes.push(column);
    column += dash[0].length;
  }
  return { dashes, column, rest: line.slice(column) };
}

/** From the line above up: what is indented less is what this belongs to. */
function parentsOf(lines: readonly string[], from: Line): string[] {
  const path: string[] = [];
  // A list may stand at the same column as its key.
  let limit = from.dashes[0] ?? from.column;
  let isItem = from.dashes.length > 0;
  for (const text of lines.toReversed()) {
    if (limit === 0 && !isItem) break;
    if (text.trim() === "" || text.trimStart().startsWith("#")) continue;
    const { dashes, column, rest } = partsOf(text);
    const key = keyOf(KEY.exec(rest));
    const opens = key !== undefined && KEY.exec(rest)?.[0].length === rest.replace(/\s+#.*$/, "").trimEnd().length;
    if (opens && (column < limit || (isItem && column === limit && dashes.length === 0))) {
      path.unshift(key);
      [limit, isItem] = [column, false];
    }
    for (const dash of dashes.toReversed())
      if (dash < limit) {
        path.unshift("[]");
        [limit, isItem] = [dash, true];
      }
  }
  return path;
}

const keyOf = (match: RegExpExecArray | null): string | undefined => match?.[1] ?? match?.[2] ?? match?.[3];

/** What stands on the line before the cursor: `key: { other: [` is inside of both. */
function within(path: readonly string[], rest: string): YamlPlace {
  const first = KEY.exec(rest);
  const content = rest.slice(first?.[0].length ?? 0);
  const stack = [...path];
  const frames: { readonly brace: string; readonly parts: number }[] = [];
  let open = keyOf(first);
  let at = /^\s*[[{]/.test(content) ? content.search(/[[{]/) : content.length;
  const readKey = (): void => {
    const found = frames.at(-1)?.brace === "{" ? /^\s*/.exec(content.slice(at)) : null;
    const key = found && KEY.exec(content.slice(at + found[0].length));
    open = key ? keyOf(key) : undefined;
    if (found && key) at += found[0].length + key[0].length;
  };
  while (at < content.length) {
    const char = content[at++] ?? "";
    if (char === "{" || char === "[") {
      const parts = [...(open === undefined ? [] : [open]), ...(char === "[" ? ["[]"] : [])];
      stack.push(...parts);
      frames.push({ brace: char, parts: parts.length });
      readKey();
    } else if (char === "}" || char === "]") {
      stack.length -= frames.pop()?.parts ?? 0;
      open = undefined;
    } else if (char === ",") readKey();
    else if (char === '"' || char === "'") {
      const end = content.indexOf(char, at);
      if (end >= 0) at = end + 1;
    }
  }
  return { path: stack, ...(open !== undefined && { key: open }), word: WORD.exec(content)?.[0] ?? "" };
}
