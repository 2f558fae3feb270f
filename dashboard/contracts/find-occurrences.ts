export interface Occurrence {
  readonly file: string;
  readonly line: number;
  readonly text: string;
}

const OCCURRENCES_MAX = 40;
/** Letters of a name: `deadline(ack)` and `consul.register` are whole ones, `ack` within `ack_timeout` is none. */
const WORD = "A-Za-z0-9_";

/** Where the contracts name something, in their order. */
export function findOccurrences(
  name: string,
  files: readonly { readonly file: string; readonly text: string }[],
): readonly Occurrence[] {
  const escaped = name.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const wholeWord = new RegExp(`(?<![${WORD}.-])${escaped}(?![${WORD}-]|\\.[${WORD}])`);
  const occurrences: Occurrence[] = [];
  for (const { file, text } of files)
    for (const [index, line] of text.split("\n").entries())
      if (wholeWord.test(line) && !line.trimStart().startsWith("#"))
        occurrences.push({ file, line: index + 1, text: line.trim() });
  return occurrences.slice(0, OCCURRENCES_MAX);
}
