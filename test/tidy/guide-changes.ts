import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Makes the change of a `diff` block in a folder: lines with a space are searched for from the last one on, `-` lines
 * are taken out, `+` lines put in behind.
 */
export function changeFile(folder: string, diff: string): void {
  const [head = "", ...steps] = diff.trimEnd().split("\n");
  const path = join(folder, head.replace("--- ", ""));
  const lines = readFileSync(path, "utf8").split("\n");
  let at = -1;
  for (const step of steps) {
    const [mark, line] = [step[0], step.slice(1)];
    if (mark === "+") lines.splice(++at, 0, line);
    else {
      const found = lines.findIndex((each, index) => index > at && each.trim() === line.trim());
      if (found < 0) throw new Error(`${head}: there is no line ${line}`);
      if (mark === "-") lines.splice(found, 1);
      at = mark === "-" ? found - 1 : found;
    }
  }
  writeFileSync(path, lines.join("\n"));
}
