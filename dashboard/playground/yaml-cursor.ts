/** Where in a YAML document one writes: keys, and "[]" for an item of a list. */
export interface YamlCursor {
  readonly path: readonly string[];
  /** The key whose value is being written; undefined: a key is. */
  readonly key?: string;
  /** What of the word is there already. */
  readonly word: string;
}

const KEY = /^(?:"([^"]*)"|'([^']*)'|([A-Za-z_][\w.-]*))\s*:(?=\s|$)/;
const PREFIX = /[\w.*()-]*$/;

/**
 * By indentation and braces, because what is being written is rarely whole. Braces that go over several lines are not
 * followed.
 */
export function yamlCursorAt(text: string, position: number): YamlCursor {
  const lines = text.slice(0, position).split("\n");
  const current = lines.pop() ?? "";
  const line = parseLine(current);
  const path = [...parentPath(lines, line), ...line.dashes.map(() => "[]")];
  return cursorInLine(path, line.rest);
}

interface IndentedLine {
  /** Columns of the dashes of list items, then that of what follows. */
  readonly dashes: readonly number[];
  readonly column: number;
  readonly rest: string;
}

function parseLine(line: string): IndentedLine {
  const dashes: number[] = [];
  let column = line.length - line.trimStart().length;
  for (let dash = /^-(\s+|$)/.exec(line.slice(column)); dash; dash = /^-(\s+|$)/.exec(line.slice(column))) {
    dashes.push(column);
    column += dash[0].length;
  }
  return { dashes, column, rest: line.slice(column) };
}

/** From the line above up: what is indented less is what this belongs to. */
function parentPath(lines: readonly string[], from: IndentedLine): string[] {
  const path: string[] = [];
  // A list may stand at the same column as its key.
  let limit = from.dashes[0] ?? from.column;
  let isItem = from.dashes.length > 0;
  for (const text of lines.toReversed()) {
    if (limit === 0 && !isItem) break;
    if (text.trim() === "" || text.trimStart().startsWith("#")) continue;
    const { dashes, column, rest } = parseLine(text);
    const key = matchedKey(KEY.exec(rest));
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

const matchedKey = (match: RegExpExecArray | null): string | undefined => match?.[1] ?? match?.[2] ?? match?.[3];

/** What stands on the line before the cursor: `key: { other: [` is inside of both. */
function cursorInLine(path: readonly string[], rest: string): YamlCursor {
  const first = KEY.exec(rest);
  const content = rest.slice(first?.[0].length ?? 0);
  const stack = [...path];
  const frames: { readonly brace: string; readonly parts: number }[] = [];
  let openKey = matchedKey(first);
  let at = /^\s*[[{]/.test(content) ? content.search(/[[{]/) : content.length;
  const readKey = (): void => {
    const found = frames.at(-1)?.brace === "{" ? /^\s*/.exec(content.slice(at)) : null;
    const key = found && KEY.exec(content.slice(at + found[0].length));
    openKey = key ? matchedKey(key) : undefined;
    if (found && key) at += found[0].length + key[0].length;
  };
  while (at < content.length) {
    const char = content[at++] ?? "";
    if (char === "{" || char === "[") {
      const parts = [...(openKey === undefined ? [] : [openKey]), ...(char === "[" ? ["[]"] : [])];
      stack.push(...parts);
      frames.push({ brace: char, parts: parts.length });
      readKey();
    } else if (char === "}" || char === "]") {
      stack.length -= frames.pop()?.parts ?? 0;
      openKey = undefined;
    } else if (char === ",") readKey();
    else if (char === '"' || char === "'") {
      const end = content.indexOf(char, at);
      if (end >= 0) at = end + 1;
    }
  }
  return { path: stack, ...(openKey !== undefined && { key: openKey }), word: PREFIX.exec(content)?.[0] ?? "" };
}
