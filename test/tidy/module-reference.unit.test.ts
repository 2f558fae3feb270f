import { readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import * as exported from "../../app/index.ts";
import { filesIn, ROOT, visit } from "./sources.ts";

const text = readFileSync(join(ROOT, "docs/reference/modules.md"), "utf8").replaceAll(/^```[^]*?^```$/gm, "");
/** What the page has as code, beside its examples. */
const code = [...text.matchAll(/`([^`\n]+)`/g)].map(([, span]) => span).join("\n");
const isNamed = (name: string): boolean => new RegExp(`\\b${name}\\b`).test(code);

/** Members of what a module is made of, and of what its code is given. */
function membersIn(path: string): readonly string[] {
  const source = filesIn(path.split("/").slice(0, -1).join("/")).find((file) => file.path === path);
  const members: string[] = [];
  if (source)
    visit(source, (node) => {
      if (ts.isInterfaceDeclaration(node))
        for (const { name } of node.members)
          if (name && ts.isIdentifier(name)) members.push(`${node.name.text}.${name.text}`);
    });
  return members;
}

describe("docs/reference/modules.md", () => {
  it("has all that is imported from rollcall", () =>
    expect(Object.keys(exported).filter((name) => !isNamed(name))).toEqual([]));

  it.each(["app/host/module.ts", "app/host/serve-options.ts", "runtime/core/handler.ts", "runtime/core/effect.ts"])(
    "has each member of the interfaces in %s",
    (path) => {
      const members = membersIn(path);
      expect(members.length).toBeGreaterThan(2);
      expect(members.filter((member) => !isNamed(member.split(".")[1] ?? ""))).toEqual([]);
    },
  );
});
