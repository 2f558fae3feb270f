import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../tidy/sources.ts";

type Guide = "operate" | "security";

function sectionOf(guide: Guide, heading: string): string {
  const text = readFileSync(join(ROOT, "docs/guide", `${guide}.md`), "utf8");
  return text.split(/^#{2,3} /m).find((part) => part.startsWith(`${heading}\n`)) ?? "";
}

/** Rows of the table below a heading of the security guide, without backticks. */
export const tableOf = (heading: string): readonly (readonly string[])[] =>
  [...sectionOf("security", heading).matchAll(/^\| (.*) \|$/gm)]
    .map(([, row = ""]) =>
      row
        .replaceAll("`", "")
        .split(" | ")
        .map((cell) => cell.trim()),
    )
    .slice(2);

/** The first block of code in one language below a heading of a guide. */
export function blockOf(heading: string, language: string, guide: Guide = "security"): string {
  const block = new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, "m").exec(sectionOf(guide, heading))?.[1];
  if (block === undefined) throw new Error(`the guide has no ${language} below ${heading}`);
  return block;
}
