export interface Occurrence {
  readonly file: string;
  readonly line: number;
  readonly text: string;
}

const OCCURRENCES_MAX = 40;
/** Characters of a name: `ack` is not named by `ack_timeout`. */
const WORD = "A-Za-z0-9_";

/** The lines of the contracts that name something, comments excepted; at most 40. */
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
