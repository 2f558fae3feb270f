import ts from "typescript";
import { describe, expect, it } from "vitest";
import { filesIn, placeOf, type Source, visit } from "./sources.ts";

const PURE = ["runtime/core", "runtime/gateway", "runtime/replay", "nodes", "reducers", "contracts"];

/** What a pure function can't use: it has a clock, randomness, a place to write to, or another turn of the loop. */
const IMPURE = new Set(
  `process console globalThis performance crypto fetch Worker setTimeout setInterval setImmediate queueMicrotask
   structuredClone require`.split(/\s+/),
);
const IMPURE_MEMBERS = new Set(["Date.now", "Math.random", "Promise.resolve", "Promise.all", "Promise.race"]);

function impureAt(node: ts.Node): string | undefined {
  if (ts.isAwaitExpression(node)) return "await";
  if (node.kind === ts.SyntaxKind.AsyncKeyword) return "async";
  if (ts.isPropertyAccessExpression(node) && IMPURE_MEMBERS.has(node.getText())) return node.getText();
  if (ts.isNewExpression(node) && node.expression.getText() === "Date" && !node.arguments?.length) return "new Date()";
  if (ts.isCallExpression(node) && node.expression.getText() === "Date") return "Date()";
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) return "import()";
  if (ts.isIdentifier(node) && IMPURE.has(node.text) && isFree(node)) return node.text;
  return undefined;
}

/** Not the name of a member or a property. */
const isFree = (node: ts.Identifier): boolean =>
  !(
    (ts.isPropertyAccessExpression(node.parent) ||
      ts.isPropertyAssignment(node.parent) ||
      ts.isPropertySignature(node.parent) ||
      ts.isMethodSignature(node.parent)) &&
    node.parent.name === node
  );

function impurities(source: Source): readonly string[] {
  const found: string[] = [];
  visit(source, (node) => {
    const what = impureAt(node);
    if (what !== undefined) found.push(`${placeOf(source, node.getStart())} ${what}`);
  });
  return found;
}

describe("purity", () => {
  it.each(PURE)("%s has no clock, no randomness, no I/O and no promise", (folder) =>
    expect(filesIn(folder).flatMap(impurities)).toEqual([]),
  );

  it.each([
    "const at = Date.now();",
    "const at = new Date();",
    "const at = Date();",
    "const id = Math.random();",
    "console.log(1);",
    "const home = process.env.HOME;",
    "setTimeout(() => {}, 1);",
    "const load = async () => 1;",
    "const zod = import('zod');",
  ])("is seen to end at %s", (text) => expect(impurities({ path: "x.ts", text })).not.toEqual([]));

  it.each(["const at = new Date(0).toISOString();", "const row = { process: 1 }; row.process;"])(
    "is seen to go on at %s",
    (text) => expect(impurities({ path: "x.ts", text })).toEqual([]),
  );
});
