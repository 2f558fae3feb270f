import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./sources.ts";

/** Fenced blocks of a page, in order, by language. */
export const blocksOf = (page: string): readonly { readonly language: string; readonly text: string }[] =>
  [...readFileSync(join(ROOT, page), "utf8").matchAll(/^```(\w+)\n([^]*?)^```$/gm)].map(
    ([, language = "", text = ""]) => ({ language, text }),
  );

/** The file that a block is, by its first line. */
export const fileOfBlock = (text: string): string | undefined => /^(?:\/\/|#) (\S+\.(?:ts|js|yaml))\n/.exec(text)?.[1];
