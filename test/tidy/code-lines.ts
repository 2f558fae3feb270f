/** How many lines of a source hold code: lines that are blank, or a comment and nothing else, are not counted. */
export function codeLines(text: string): number {
  let count = 0;
  let inComment = false;
  for (const line of text.split("\n").map((each) => each.trim())) {
    if (inComment) inComment = !line.includes("*/");
    else if (line.startsWith("/*") || line.startsWith("{/*")) inComment = !line.includes("*/");
    else if (line !== "" && !line.startsWith("//")) count++;
  }
  return count;
}
