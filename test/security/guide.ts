import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../tidy/sources.ts";

const text = readFileSync(join(ROOT, "docs/guide/security.md"), "utf8");

const sectionOf = (heading: string): string =>
  text.split(/^#{2,3} /m).find((part) => part.startsWith(`${heading}\n`)) ?? "";

/** Rows of the table below a heading of the security guide, without backticks. */
export const tableOf = (heading: string): readonly (readonly string[])[] =>
  [...sectionOf(heading).matchAll(/^\| (.*) \|$/gm)]
    .map(([, row = ""]) =>
      row
        .replaceAll("`", "")
        .split(" | ")
        .map((cell) => cell.trim()),
    )
    .slice(2);

/** Its block of code in one language. */
export function blockOf(heading: string, language: string): string {
  const block = new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, "m").exec(sectionOf(heading))?.[1];
  if (block === undefined) throw new Error(`the guide has no ${language} below ${heading}`);
  return block;
}
