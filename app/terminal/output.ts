import { createColors } from "picocolors";
import type { Diagnostic } from "../../runtime/contract/diagnostics/diagnostic.ts";
import { formatDiagnostics } from "../../runtime/contract/diagnostics/format-diagnostics.ts";

/** Colours for a terminal only, and never when NO_COLOR is set (no-color.org). */
const colorsOf = (stream: { readonly isTTY?: boolean }) =>
  createColors(stream.isTTY === true && !process.env["NO_COLOR"]);
export const colors = colorsOf(process.stdout);
export const errorColors = colorsOf(process.stderr);

// Texts from outside may hold characters that control a terminal or change the writing direction.
const UNPRINTABLE = /[\p{Cc}\p{Bidi_C}\u200b-\u200d\ufeff]/gu;
export const replaceUnprintable = (text: string): string => text.replaceAll(UNPRINTABLE, "\uFFFD");
/** JSON whose characters that control a terminal are escaped: it parses to the same value. */
export const escapedJson = (value: unknown, indent = 0): string =>
  JSON.stringify(value, null, indent).replaceAll(UNPRINTABLE, (character) =>
    character === "\n" ? character : `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );

export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
export const printJson = (value: unknown): void => print(escapedJson(value, 2));

/** On standard error, with colours where it is a terminal. */
export const printDiagnostics = (diagnostics: readonly Diagnostic[]): void =>
  void process.stderr.write(formatDiagnostics(diagnostics, "text", { colors: errorColors.isColorSupported }));

/** Columns of text, two spaces apart; `paint` colours a cell without changing its width. */
export function printTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  paint: (cell: string, column: number) => string = (cell) => cell,
): void {
  const clean = rows.map((row) => row.map(replaceUnprintable));
  const widths = head.map((title, column) => Math.max(title.length, ...clean.map((row) => widthOf(row[column] ?? ""))));
  const line = (cells: readonly string[], style: (cell: string, column: number) => string): string =>
    cells
      .map((cell, column) => `${style(cell, column)}${" ".repeat((widths[column] ?? 0) - widthOf(cell))}`)
      .join("  ")
      .trimEnd();
  print([line(head, (title) => colors.dim(title)), ...clean.map((row) => line(row, paint))].join("\n"));
}

const widthOf = (text: string): number => [...text].length;

const PROGRESS_INTERVAL_MS = 200;
let nextProgressAtMs = 0;

/** A line on standard error that each call overwrites, on a terminal; elsewhere nothing is written. */
export function showProgress(line: () => string): void {
  if (!process.stderr.isTTY || performance.now() < nextProgressAtMs) return;
  nextProgressAtMs = performance.now() + PROGRESS_INTERVAL_MS;
  process.stderr.write(`\r\x1b[K${line()}\r`);
}

export const clearProgress = (): void => void (process.stderr.isTTY && process.stderr.write("\r\x1b[K"));
