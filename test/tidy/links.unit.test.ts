import { existsSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { expect, it } from "vitest";
import { filesIn, pagesAtRoot, type Source } from "./sources.ts";

const pages: readonly Source[] = [...pagesAtRoot(), ...filesIn("docs", ".md")];

/** As GitHub makes them of headings. */
const anchorsOf = ({ text }: Source): readonly string[] =>
  [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
      .trim()
      .replaceAll(" ", "-"),
  );

function brokenLinks(page: Source): readonly string[] {
  const prose = page.text.replaceAll(/^```[^]*?^```/gm, "");
  return [...prose.matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)/g)].flatMap(([link, path = "", anchor]) => {
    const target = path === "" ? page.path : normalize(join(dirname(page.path), path));
    const found = pages.find((each) => each.path === target);
    const isThere = found !== undefined || existsSync(new URL(`../../${target}`, import.meta.url));
    const hasAnchor = anchor === undefined || (found !== undefined && anchorsOf(found).includes(anchor));
    return isThere && hasAnchor ? [] : [`${page.path}: ${link}`];
  });
}

it("links of the documentation lead somewhere", () => expect(pages.flatMap(brokenLinks)).toEqual([]));
