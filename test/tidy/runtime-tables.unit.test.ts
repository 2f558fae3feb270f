import ts from "typescript";
import { describe, expect, it } from "vitest";
import { filesIn, type Source, visit } from "./sources.ts";

const PRODUCT = ["app", "client", "contracts", "dashboard", "effects", "nodes", "reducers"];

/** The runtime's tables. What effects write to has migrations of its own. */
const TABLES = filesIn("runtime/adapters/migrations", ".sql").flatMap(({ text }) =>
  [...text.matchAll(/^create table rollcall\.(\w+)/gm)].flatMap(([, name]) => name ?? []),
);
const TABLE = new RegExp(`\\brollcall\\.(${TABLES.join("|")})\\b(?!\\.)`);
/** Without one of them it is a name in prose, or that of an attribute. */
const STATEMENT = /\b(select|insert|update|delete|from|join|where)\b/i;

const isStatement = (text: string): boolean => TABLE.test(text) && STATEMENT.test(text);

function hasStatement(source: Source): boolean {
  if (source.path.endsWith(".sql")) return isStatement(source.text);
  let found = false;
  visit(source, (node) => {
    if (ts.isTemplateExpression(node)) found ||= isStatement(textOf(node));
    else if (ts.isStringLiteralLike(node)) found ||= isStatement(node.text);
  });
  return found;
}

/** With its expressions left out. */
const textOf = ({ head, templateSpans }: ts.TemplateExpression): string =>
  [head, ...templateSpans.map(({ literal }) => literal)].map(({ text }) => text).join(" ");

describe("the runtime's tables", () => {
  it("are those of its migrations", () => expect(TABLES).toEqual(expect.arrayContaining(["entity", "turn"])));

  it("are reached through the runtime's functions", () => {
    const files = PRODUCT.flatMap((folder) => [".ts", ".tsx", ".sql"].flatMap((ending) => filesIn(folder, ending)));
    expect(files.filter(hasStatement).map(({ path }) => path)).toEqual([]);
  });
});
