import { type Document, isAlias, isMap, isNode, isScalar, isSeq, LineCounter, type Node } from "yaml";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { ContractPath, SourceSpan } from "./contract-source.ts";

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
  readonly #lines = new LineCounter();

  constructor(file: string, text: string) {
    this.file = file;
    this.text = text;
    this.#lines.addNewLine(0);
    for (const { index } of text.matchAll(/\n/g)) this.#lines.addNewLine(index + 1);
  }

  /** The place of a range; what goes on over the line's end is cut there. */
  spanBetween(start: number, end: number): SourceSpan {
    const offset = Math.min(Math.max(start, 0), this.text.length);
    const { line, col: column } = this.#lines.linePos(offset);
    const lineStart = offset - column + 1;
    const lineText = this.text.slice(lineStart, this.#lines.lineStarts[line]).replace(/\r?\n$/, "");
    const width = Math.max(1, Math.min(end, lineStart + lineText.length) - offset);
    return { file: this.file, line, column, width, excerpt: lineText.slice(0, EXCERPT_MAX) };
  }

  error(code: string, message: string, start: number, end: number): Diagnostic {
    return { ...this.spanBetween(start, end), code, severity: "error", message: truncateMessage(message) };
  }
}

interface FoundNode {
  /** Of the value, where it is a map's. */
  readonly key?: Node;
  readonly value: unknown;
}

/**
 * Follows a path as far as the file has it: what is there, and how many steps led to it. With a key twice the last one
 * counts, as it does for values.
 */
export function followPath(document: Document, path: ContractPath): readonly [FoundNode, number] {
  let found: FoundNode = { value: document.contents };
  for (const [walked, step] of path.entries()) {
    const node = isAlias(found.value) ? found.value.resolve(document) : found.value;
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
export function locate(source: SourceText, document: Document, path: ContractPath, part?: "key" | "value"): SourceSpan {
  const [found, walked] = followPath(document, path);
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
