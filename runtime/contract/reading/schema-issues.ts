import type { z } from "zod";
import { didYouMean } from "../diagnostics/did-you-mean.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { type ContractPath, type ContractPlaces, diagnosticAt, type SourceRef } from "./contract-source.ts";

type Issue = z.core.$ZodIssue;

/** The value at a path; undefined when it is not there. */
export function valueAt(data: unknown, path: ContractPath): unknown {
  let value = data;
  for (const step of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Readonly<Record<string | number, unknown>>)[step];
  }
  return value;
}

const describeValue = (value: unknown): string => {
  if (value === null) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a map";
  return typeof value === "string" ? `"${value.slice(0, 60)}"` : String(value);
};

const TYPE_DESCRIPTIONS: Readonly<Record<string, string>> = {
  array: "a list",
  object: "a map",
  string: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  null: "null",
};

/** A Zod issue in the words of the reference (RC006 to RC010); unknown keys are reported before. */
export function issueDiagnostic(issue: Issue, data: unknown, source: ContractPlaces): Diagnostic {
  const path = issue.path as ContractPath;
  const at = { source, path };
  const value = valueAt(data, path);
  const [, code, rule] = /^(RC\d{3}) ([^]*)$/.exec(issue.message) ?? [];
  if (issue.code === "invalid_key") return invalidKey(issue, source);
  if (value === undefined) return diagnosticAt("RC006", at, `the key ${String(path.at(-1))} is missing`);
  if (code !== undefined) return diagnosticAt(code, at, `${describeValue(value)}: ${rule}`);
  const expected = expectedBy(issue);
  if (expected.length > 0) return unexpectedValue(at, expected, value);
  return diagnosticAt("RC010", at, `${describeValue(value)} is out of range: ${describeLimit(issue)}`);
}

/** A name that stands as a key of a map. */
function invalidKey({ path, issues }: Extract<Issue, { code: "invalid_key" }>, source: ContractPlaces): Diagnostic {
  const at = { source, path: path as ContractPath, part: "key" } as const;
  const [, rule] = /^RC009 ([^]*)$/.exec(issues[0]?.message ?? "") ?? [];
  return diagnosticAt("RC009", at, `${describeValue(path.at(-1))}: ${rule ?? "no name"}`);
}

const UNITS: Readonly<Record<string, string>> = { array: " in the list", string: " characters" };

function describeLimit(issue: Issue): string {
  if (issue.code === "too_small")
    return `${issue.inclusive === false ? "more than" : "at least"} ${issue.minimum}${UNITS[issue.origin] ?? ""}`;
  if (issue.code === "too_big")
    return `${issue.inclusive === false ? "less than" : "at most"} ${issue.maximum}${UNITS[issue.origin] ?? ""}`;
  return issue.message;
}

/** A value that a schema takes: a literal of the language, or a kind of value. */
type Expected = { readonly literal: unknown } | { readonly kind: string };

function expectedBy(issue: Issue): readonly Expected[] {
  if (issue.code === "invalid_type") return [{ kind: TYPE_DESCRIPTIONS[issue.expected] ?? issue.expected }];
  if (issue.code === "invalid_value") return issue.values.map((literal) => ({ literal }));
  return issue.code === "invalid_union" ? issue.errors.flat().flatMap(expectedBy) : [];
}

/** A value of the right kind that is none of the literals is out of range; of another kind it has the wrong type. */
function unexpectedValue(at: SourceRef, expected: readonly Expected[], value: unknown): Diagnostic {
  const literals = expected.flatMap((each) => ("literal" in each ? [each.literal] : []));
  const words = expected.map((each) => ("kind" in each ? each.kind : String(each.literal)));
  const message = `expected ${[...new Set(words)].join(" or ")}, found ${describeValue(value)}`;
  if (!literals.some((literal) => typeof literal === typeof value)) return diagnosticAt("RC007", at, message);
  return diagnosticAt("RC010", at, message, { suggestion: didYouMean(String(value), literals.map(String)) });
}

/** Issues one by one: of a union only those of the branch that was probably meant, with their whole path. */
export function flattenIssues(issues: readonly Issue[]): readonly Issue[] {
  return issues.flatMap((issue): readonly Issue[] => {
    if (issue.code !== "invalid_union") return [issue];
    const branches = issue.errors
      .map((branch) => flattenIssues(branch))
      .sort((a, b) => branchDistance(a) - branchDistance(b));
    const [best] = branches;
    if (!best || branchDistance(best) > 0) return [issue];
    return best.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] }));
  });
}

/** 0: a branch for this kind of value; 1: for a value like it; 2: for another kind of value. */
function branchDistance(branch: readonly Issue[]): number {
  const roots = branch.filter(({ path }) => path.length === 0).map(({ code }) => code);
  if (roots.includes("invalid_type") || roots.includes("invalid_union")) return 2;
  return roots.includes("invalid_value") ? 1 : 0;
}
