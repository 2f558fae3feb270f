import { readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import { filesIn, placeOf, ROOT, type Source, visit } from "./sources.ts";

const text = readFileSync(join(ROOT, "docs/reference/errors.md"), "utf8");
const sources = ["runtime", "contracts", "nodes", "reducers", "effects", "client", "app"].flatMap((folder) =>
  filesIn(folder),
);

/** First cell -> second cell of the tables below a heading. */
function documented(heading: string): ReadonlyMap<string, string> {
  const section = text.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? "";
  return new Map(
    [...section.matchAll(/^\| `([^`]+)` \| ([^|]*) \|/gm)].map(([, code = "", next = ""]) => [code, next]),
  );
}

/** Calls of `new <Name>(...)`, with their place. */
function made(name: string): readonly { readonly place: string; readonly args: readonly ts.Expression[] }[] {
  const found: { place: string; args: readonly ts.Expression[] }[] = [];
  const look = (source: Source) => (node: ts.Node) => {
    if (ts.isNewExpression(node) && node.expression.getText() === name)
      found.push({ place: placeOf(source, node.getStart()), args: node.arguments ?? [] });
  };
  for (const source of sources) visit(source, look(source));
  return found;
}

const literal = (node: ts.Expression | undefined): string | undefined =>
  node && ts.isStringLiteral(node) ? node.text : undefined;

function retryable(options: ts.Expression | undefined): boolean | undefined {
  if (!options || !ts.isObjectLiteralExpression(options)) return undefined;
  const property = options.properties.find((each) => each.name?.getText() === "retryable");
  return property && ts.isPropertyAssignment(property) ? property.initializer.getText() === "true" : undefined;
}

/** What the outcomes of effects may carry: `*_FAULTS`. */
const effectCodes = sources
  .filter(({ path }) => path.startsWith("effects/"))
  .flatMap((source) => [...source.text.matchAll(/_FAULTS = \[([^\]]*)\]/g)])
  .flatMap(([, list = ""]) => [...list.matchAll(/"([A-Z_]+)"/g)].map(([, code = ""]) => code));

const faults = made("Fault").map(({ place, args: [code, , options] }) => ({
  place,
  code: literal(code),
  retryable: retryable(options),
}));

const sorted = (codes: Iterable<string>): readonly string[] => [...new Set(codes)].toSorted();

describe("docs/reference/errors.md", () => {
  it("has every fault of the code, and no other", () => {
    const told = ["Effects", "Bus and store", "Client"].flatMap((heading) => [...documented(heading).keys()]);
    const inCode = [...faults.flatMap(({ code }) => code ?? []), ...effectCodes];
    expect(sorted(told)).toEqual(sorted(inCode));
  });

  it("says of each fault whether it is retryable", () => {
    const told = new Map(["Effects", "Bus and store", "Client"].flatMap((heading) => [...documented(heading)]));
    for (const { place, code, retryable } of faults)
      if (code !== undefined && retryable !== undefined)
        expect(`${place} ${code} ${told.get(code)}`).toBe(`${place} ${code} ${retryable ? "yes" : "no"}`);
  });

  it("has what the outcomes of effects may carry under Effects", () =>
    expect(sorted(documented("Effects").keys())).toEqual(sorted(effectCodes)));

  it("has every dead letter's code, and no other", () => {
    const decodeErrors = made("DecodeError").flatMap(({ args: [code] }) => literal(code) ?? []);
    const inCode = decodeErrors.filter((code) => /^[A-Z]+(_[A-Z]+)*$/.test(code));
    expect(sorted(documented("Dead letters").keys())).toEqual(sorted([...inCode, "CORE_ERROR", "ENTITY_UNREADABLE"]));
  });

  it("has every kind of problem with its status, and no other", () => {
    const problems = sources.find(({ path }) => path === "app/http/server/problem.ts")?.text ?? "";
    const kinds = [...problems.matchAll(/^ {2}"?([a-z-]+)"?: \{ status: (\d{3})/gm)];
    expect(kinds.length).toBeGreaterThan(5);
    expect(new Map(kinds.map(([, kind = "", status = ""]) => [kind, status]))).toEqual(documented("HTTP"));
  });

  it("finds every code as a literal, but for the one of a row that was refused alone", () =>
    expect(faults.filter(({ code }) => code === undefined).map(({ place }) => place.split(":")[0])).toEqual([
      "effects/isolate-refused.ts",
    ]));
});
