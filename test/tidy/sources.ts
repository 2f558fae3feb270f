import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

export const ROOT = fileURLToPath(new URL("../../", import.meta.url));

export interface Source {
  /** From the root of the project, with slashes. */
  readonly path: string;
  readonly text: string;
}

/** The files below a folder of the project, by their ending. */
export function filesIn(folder: string, ending = ".ts"): readonly Source[] {
  const entries = readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map((entry) => join(entry.parentPath, entry.name).slice(ROOT.length))
    .filter((path) => !/\/(node_modules|dist)\//.test(path))
    .toSorted()
    .map((path) => ({ path, text: readFileSync(join(ROOT, path), "utf8") }));
}

/** What a file imports, types and dynamic imports included: a path of the project, `node:x`, or a package's name. */
export const importsOf = ({ path, text }: Source): readonly string[] =>
  ts
    .preProcessFile(text, true, true)
    .importedFiles.map(({ fileName }) =>
      fileName.startsWith(".") ? normalize(join(dirname(path), fileName)) : packageOf(fileName),
    );

const packageOf = (specifier: string): string =>
  specifier.startsWith("node:") ? specifier : specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");

/** Visits every node of a file's syntax tree. */
export function visit({ path, text }: Source, visitor: (node: ts.Node) => void): void {
  const visitAll = (node: ts.Node): void => {
    visitor(node);
    ts.forEachChild(node, visitAll);
  };
  visitAll(ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true));
}

/** `path:line` of a place in a file. */
export const placeOf = ({ path, text }: Source, offset: number): string =>
  `${path}:${text.slice(0, offset).split("\n").length}`;

/** README and whatever else stands before the documentation. */
export const pagesAtRoot = (): readonly Source[] =>
  readdirSync(ROOT)
    .filter((path) => path.endsWith(".md"))
    .toSorted()
    .map((path) => ({ path, text: readFileSync(join(ROOT, path), "utf8") }));
