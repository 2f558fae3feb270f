import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { SourceSpan, ContractPath } from "./contract-source.ts";
import { isAlias, isMap, isNode, isScalar, isSeq, type Document, type Node, type Pair } from "yaml";

/**
 * Longer lines and messages are cut: a diagnostic is read by people, and a name in a file can be as long as the file.
 */
const EXCERPT_MAX = 500;
const MESSAGE_MAX = 300;

export const truncateMessage = (message: string): string =>
  message.length > MESSAGE_MAX ? `${message.slice(0, MESSAGE_MAX)}...` : message;

/** A file's text, and the way from an offset to the line that people see. */
export class SourceText {
  readonly file: string;
  readonly text: string;
  readonly #lineStarts: number[] = [0];

  constructor(file: string, text: string) {
    this.file = file;
    this.text = text;
    for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) this.#lineStarts.push(at + 1);
  }

  /** The place of a range; what goes on over the line's end is cut there. */
  spanBetween(start: number, end: number): SourceSpan {
    const offset = Math.min(Math.max(start, 0), this.text.length);
    const line = this.#lineOf(offset);
    const lineStart = this.#lineStarts[line]!;
    const lineText = this.text.slice(lineStart, this.#lineStarts[line + 1] ?? this.text.length).replace(/\r?\n$/, "");
    const width = Math.max(1, Math.min(end, lineStart + lineText.length) - offset);
    const excerpt = lineText.slice(0, EXCERPT_MAX);
    return { file: this.file, line: line + 1, column: offset - lineStart + 1, width, excerpt };
  }

  error(code: string, message: string, start: number, end: number): Diagnostic {
    return { ...this.spanBetween(start, end), code, severity: "error", message: truncateMessage(message) };
  }

  #lineOf(offset: number): number {
    let [low, high] = [0, this.#lineStarts.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (this.#lineStarts[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

const resolveAlias = (document: Document, node: unknown): unknown => (isAlias(node) ? node.resolve(document) : node);

/** The map at a path, and the pair of one of its keys. With a key twice the last one counts, as it does for values. */
export function pairAt(document: Document, path: ContractPath, key: string): Pair | undefined {
  const [node, walked] = walk(document, path);
  const map = walked === path.length ? resolveAlias(document, node?.value) : undefined;
  return isMap(map) ? map.items.findLast((pair) => isScalar(pair.key) && pair.key.value === key) : undefined;
}

interface FoundNode {
  readonly key?: Node;
  readonly value: unknown;
}

/** Follows a path as far as the file has it. */
function walk(document: Document, path: ContractPath): readonly [FoundNode, number] {
  let found: FoundNode = { value: document.contents };
  for (const [walked, step] of path.entries()) {
    const node = resolveAlias(document, found.value);
    if (isMap(node)) {
      const pair = node.items.findLast(({ key }) => isScalar(key) && key.value === String(step));
      if (!pair) return [found, walked];
      found = { key: pair.key as Node, value: pair.value };
    } else if (isSeq(node) && typeof step === "number" && step in node.items) found = { value: node.items[step] };
    else return [found, walked];
  }
  return [found, path.length];
}

/** Where the value at a path, or its key, stands; where a key is missing, the key of the map that lacks it. */
export function locate(
  source: SourceText,
  document: Document,
  path: ContractPath,
  part: "key" | "value" = "value",
): SourceSpan {
  const [found, walked] = walk(document, path);
  // An index into what is no list is the lone value itself; a key that is missing is its map's fault.
  const keyIsMissing = typeof path[walked] === "string";
  const wanted = (part === "key" || keyIsMissing) && found.key ? found.key : found.value;
  const node = isNode(wanted) && wanted.range && !isEmpty(wanted) ? wanted : (found.key ?? wanted);
  if (!isNode(node) || !node.range) return source.spanBetween(0, 0);
  const first = isMap(node) && !node.flow ? (node.items[0]?.key as Node | undefined) : undefined;
  const [start, end] = (first ?? node).range ?? [0, 0];
  return source.spanBetween(start, end);
}

const isEmpty = (node: Node): boolean => isScalar(node) && node.source === "" && node.value === null;
