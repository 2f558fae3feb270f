import { structuredPatch, type StructuredPatchHunk } from "diff";

export interface DiffLine {
  readonly kind: "same" | "added" | "removed" | "skipped";
  readonly text: string;
  /** Line numbers from 1; undefined in the text that does not have the line. */
  readonly oldNumber?: number;
  readonly newNumber?: number;
}

const CONTEXT_LINES = 3;
const SKIPPED: DiffLine = { kind: "skipped", text: "" };

/** Removed and added lines with the lines around them; empty when the texts are equal. */
export function lineDiff(before: string, after: string): readonly DiffLine[] {
  // With a final newline, an empty text is one empty line.
  const { hunks } = structuredPatch("", "", `${before}\n`, `${after}\n`, "", "", { context: CONTEXT_LINES });
  const last = hunks.at(-1);
  const hasRest = last !== undefined && last.oldStart + last.oldLines <= before.split("\n").length;
  const lines = hunks.flatMap((hunk) => [...(hunk.oldStart > 1 ? [SKIPPED] : []), ...hunkLines(hunk)]);
  return hasRest ? [...lines, SKIPPED] : lines;
}

function hunkLines({ oldStart, newStart, lines }: StructuredPatchHunk): DiffLine[] {
  let oldNumber = oldStart;
  let newNumber = newStart;
  return lines.map((line) => {
    const text = line.slice(1);
    if (line.startsWith("-")) return { kind: "removed", text, oldNumber: oldNumber++ };
    if (line.startsWith("+")) return { kind: "added", text, newNumber: newNumber++ };
    return { kind: "same", text, oldNumber: oldNumber++, newNumber: newNumber++ };
  });
}
