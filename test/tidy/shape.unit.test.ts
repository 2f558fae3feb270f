import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import { filesIn, placeOf, ROOT, type Source, visit } from "./sources.ts";

const FILE_LINES_MAX = 300;
const FUNCTION_LINES_MAX = 60;
const COLUMNS_MAX = 120;
const CODE = ["runtime", "contracts", "nodes", "reducers", "effects", "client", "app"];
/**
 * Of this machine or that network: nothing that another checkout has. The second half keeps this file from finding
 * itself.
 */
const MACHINE = new RegExp(
  [
    "/wo" + "rk/",
    "/home/[a-z]",
    "/Us" + "ers/[A-Za-z]",
    "/ro" + "ot/",
    "[A-Z]:\\\\Users",
    "registry\\.(?!terraform|d\\.ts)[a-z0-9-]+\\.[a-z]",
  ].join("|"),
);
/** Binary and generated files. */
const NOT_TEXT = /\.(png|jpg|ico|gz|wasm|woff2?)$|^package-lock\.json$/;

const lines = ({ text }: Source): number => text.trimEnd().split("\n").length;

/** All that is written here, tests, benchmarks and the page included. */
const everything = (): readonly Source[] =>
  [...CODE, "dashboard", "test", "bench"]
    .flatMap((folder) => [".ts", ".tsx", ".mjs"].flatMap((ending) => filesIn(folder, ending)))
    .filter(({ path }) => !/\/(dist|\.bundle)\//.test(path));

/** A function that holds tests is a list of sentences: it may be as long as the list. */
function holdsTests(body: ts.Node): boolean {
  let found = false;
  const look = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && /^(describe\w*|it|test)\b/.test(node.expression.getText())) found = true;
    if (!found) ts.forEachChild(node, look);
  };
  look(body);
  return found;
}

function longFunctions(source: Source): readonly string[] {
  const found: string[] = [];
  visit(source, (node) => {
    if (!ts.isFunctionLike(node) || !("body" in node) || !node.body) return;
    const length = node.getText().split("\n").length;
    if (length > FUNCTION_LINES_MAX && !holdsTests(node.body as ts.Node))
      found.push(`${placeOf(source, node.getStart())}: ${length}`);
  });
  return found;
}

const longLines = ({ path, text }: Source): readonly string[] =>
  text.split("\n").flatMap((line, at) => (line.length > COLUMNS_MAX ? [`${path}:${at + 1}: ${line.length}`] : []));

function badExports(source: Source): readonly string[] {
  const found: string[] = [];
  visit(source, (node) => {
    const isWildcard = ts.isExportDeclaration(node) && (!node.exportClause || ts.isNamespaceExport(node.exportClause));
    const isDefault =
      ts.isExportAssignment(node) ||
      (ts.canHaveModifiers(node) && ts.getModifiers(node)?.some(({ kind }) => kind === ts.SyntaxKind.DefaultKeyword));
    if (isWildcard || isDefault) found.push(placeOf(source, node.getStart()));
  });
  return found;
}

/** What is committed, or would be: an unpacked archive has no index, and nothing to tell. */
function tracked(): readonly Source[] {
  if (!existsSync(join(ROOT, ".git"))) return [];
  const listed = execFileSync("git", ["ls-files", "-z"], { cwd: ROOT, encoding: "utf8", maxBuffer: 1 << 26 });
  return listed
    .split("\0")
    .filter((path) => path !== "" && !NOT_TEXT.test(path) && existsSync(join(ROOT, path)))
    .map((path) => ({ path, text: readFileSync(join(ROOT, path), "utf8") }));
}

describe("files", () => {
  it(`have at most ${FILE_LINES_MAX} lines, tests apart`, () =>
    expect(
      CODE.flatMap((folder) => filesIn(folder))
        .filter((file) => lines(file) > FILE_LINES_MAX)
        .map((file) => `${file.path}: ${lines(file)}`),
    ).toEqual([]));

  it(`have no function of more than ${FUNCTION_LINES_MAX} lines`, () =>
    expect(everything().flatMap(longFunctions)).toEqual([]));

  it(`have no line of more than ${COLUMNS_MAX} columns`, () => expect(everything().flatMap(longLines)).toEqual([]));

  it("are formatted by one program, without exceptions", () =>
    expect(
      everything()
        .filter(({ text }) => text.includes("prettier-" + "ignore"))
        .map(({ path }) => path),
    ).toEqual([]));

  it(
    "export by name, one by one",
    () => expect([...CODE, "test", "bench"].flatMap((folder) => filesIn(folder)).flatMap(badExports)).toEqual([]),
    60_000,
  );

  it("say nothing of the machine that they were written on", () =>
    expect(
      tracked().flatMap((file) => {
        const match = MACHINE.exec(file.text);
        return match ? [`${placeOf(file, match.index)} ${match[0]}`] : [];
      }),
    ).toEqual([]));
});
