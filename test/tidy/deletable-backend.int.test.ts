import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { filesIn, importsOf } from "./sources.ts";
import { compileErrors, copyOfTheTree, contractProblems, removeCopies } from "./tree-copy.ts";

const COMPOSITION = ["registration", "node-registry"].map((name) => `app/modules/${name}/module.ts`);
/** The runner is of this module alone: it tells what runs have said, and ends them when the node leaves. */
const isOfTheRunner = (path: string): boolean => path.startsWith("app/modules/flow-run/");
/** They give a module's tests the backends' stand-in. */
const EXPORTS = ["app/testing/index.ts", "app/testing/load-domain.ts"];
/** What a backend is opened by, and what the package exports of all of them. */
const BACKENDS = ["effects/backends.ts", "effects/index.ts"];

afterAll(removeCopies);

const edit = (path: string, change: (text: string) => string): void =>
  writeFileSync(path, change(readFileSync(path, "utf8")));

/** Takes names out of lists on one line, then every line that still has one of them. */
function withoutNames(text: string, names: RegExp): string {
  const inLists = text.replaceAll(new RegExp(`, (?:${names.source})\\b(?=[,\\]} ])`, "g"), "");
  return inLists
    .split("\n")
    .filter((line) => !names.test(line))
    .join("\n");
}

/** Takes every row out that names the backend, and its actions out of lists. */
function withoutRows(value: unknown, names: RegExp): unknown {
  if (Array.isArray(value))
    return value
      .filter((item) => (typeof item === "object" ? !namesIt(item, names) : !names.test(String(item))))
      .map((item: unknown) => withoutRows(item, names));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withoutRows(inner, names)]));
}
const namesIt = (row: unknown, names: RegExp): boolean =>
  Object.values(row as object).some((each) => typeof each === "string" && names.test(each));

describe("a backend", () => {
  it("postgres is removed by deleting its folder, builders, rows and lines in the composition", async () => {
    const copy = copyOfTheTree();
    rmSync(join(copy, "effects/postgres"), { recursive: true });
    for (const name of ["intents", "drift"]) rmSync(join(copy, `reducers/registration/postgres.${name}.ts`));
    const names = new RegExp(
      "HandlerPostgres\\w*|Postgres(?:Upsert|Update)Registration|PostgresRegistrationConfirmed|" +
        "effects/postgres|postgres\\.intents|postgres\\.drift|postgresDrift|emit_postgres_\\w*",
    );
    for (const path of [...COMPOSITION, "reducers/registration/registration.reducer.ts"])
      edit(join(copy, path), (text) => withoutNames(text, names));
    for (const name of ["reducer.yaml", "effects.yaml"])
      edit(join(copy, "contracts/registration", name), (text) =>
        stringify(withoutRows(parse(text), /postgres|PostgresRegistrationConfirmed/)),
      );
    expect(await compileErrors(copy)).toEqual([]);
    expect(await contractProblems(copy)).toEqual([]);
  }, 180_000);

  it("is known by name in no other backend, but for the interface that both catalogues have", () => {
    const shared = /^effects\/service-catalog\//;
    const backends = new Set(filesIn("effects").flatMap(({ path }) => path.match(/^effects\/([^/]+)\//)?.[1] ?? []));
    const strays = filesIn("effects")
      .filter(({ path }) => !BACKENDS.includes(path))
      .flatMap((file) =>
        importsOf(file)
          .filter((path) => path.startsWith("effects/") && !shared.test(path))
          .filter((path) => {
            const [other, own] = [path.split("/")[1] ?? "", file.path.split("/")[1]];
            return backends.has(other) && other !== own;
          })
          .map((path) => `${file.path} imports ${path}`),
      );
    expect(strays).toEqual([]);
  });

  it("is imported outside of effects by composition and exports only, but for the shapes of its intents", () => {
    const isShapes = (path: string): boolean => /^effects\/[^/]+\/messages\.ts$/.test(path);
    const importers = ["app", "client", "contracts", "nodes", "reducers", "runtime"]
      .flatMap((folder) => filesIn(folder))
      .filter((file) =>
        importsOf(file).some((path) => path.startsWith("effects/") && !BACKENDS.includes(path) && !isShapes(path)),
      )
      .map(({ path }) => path);
    const others = importers.filter((path) => ![...COMPOSITION, ...EXPORTS].includes(path));
    expect(others.filter((path) => !isOfTheRunner(path))).toEqual([]);
  });
});
