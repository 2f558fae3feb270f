import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { SourceSpan } from "./contract-source.ts";

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
