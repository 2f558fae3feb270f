export interface DiffLine {
  readonly kind: "same" | "added" | "removed" | "skipped";
  readonly text: string;
  /** Line numbers from 1; undefined where it is not. */
  readonly oldNumber?: number;
  readonly newNumber?: number;
}

const CONTEXT = 3;
/** Above this the middle is told as gone and added as a whole: a table of all pairs would take too long. */
const LCS_CELLS_MAX = 4_000_000;

/** What was taken away and what was added, line by line, with a little of what stayed around it; empty: nothing. */
export function lineDiff(before: string, after: string): readonly DiffLine[] {
  const lines = diffAllLines(before.split("\n"), after.split("\n"));
  return lines.every(({ kind }) => kind === "same") ? [] : keepContext(lines);
}

function diffAllLines(a: readonly string[], b: readonly string[]): DiffLine[] {
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head++;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a.at(-1 - tail) === b.at(-1 - tail)) tail++;
  const same = (index: number, shift: number): DiffLine => ({
    kind: "same",
    text: a[index] ?? "",
    oldNumber: index + 1,
    newNumber: index + 1 + shift,
  });
  const middle = diffMiddle(a.slice(head, a.length - tail), b.slice(head, b.length - tail), head);
  const indexes = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index);
  return [
    ...indexes(0, head).map((index) => same(index, 0)),
    ...middle,
    ...indexes(a.length - tail, a.length).map((index) => same(index, b.length - a.length)),
  ];
}

/** By the longest common subsequence. */
function diffMiddle(a: readonly string[], b: readonly string[], shift: number): DiffLine[] {
  const removed = (i: number): DiffLine => ({ kind: "removed", text: a[i] ?? "", oldNumber: shift + i + 1 });
  const added = (j: number): DiffLine => ({ kind: "added", text: b[j] ?? "", newNumber: shift + j + 1 });
  if (a.length * b.length > LCS_CELLS_MAX) return [...a.map((_, i) => removed(i)), ...b.map((_, j) => added(j))];
  const width = b.length + 1;
  const common = new Uint32Array((a.length + 1) * width);
  const at = (i: number, j: number): number => common[i * width + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      common[i * width + j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  const lines: DiffLine[] = [];
  for (let i = 0, j = 0; i < a.length || j < b.length;)
    if (i < a.length && j < b.length && a[i] === b[j])
      lines.push({ kind: "same", text: a[i++] ?? "", oldNumber: shift + i, newNumber: shift + ++j });
    else if (j >= b.length || (i < a.length && at(i + 1, j) >= at(i, j + 1))) lines.push(removed(i++));
    else lines.push(added(j++));
  return lines;
}

function keepContext(lines: readonly DiffLine[]): DiffLine[] {
  const isNear = (index: number): boolean =>
    lines.slice(Math.max(0, index - CONTEXT), index + CONTEXT + 1).some(({ kind }) => kind !== "same");
  const kept: DiffLine[] = [];
  for (const [index, line] of lines.entries())
    if (isNear(index)) kept.push(line);
    else if (kept.at(-1)?.kind !== "skipped") kept.push({ kind: "skipped", text: "" });
  return kept;
}
