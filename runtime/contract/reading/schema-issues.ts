import type { z } from "zod";
import { didYouMean } from "../diagnostics/did-you-mean.ts";
import type { ContractPath } from "./contract-source.ts";

type Issue = z.core.$ZodIssue;

/** A problem of a contract's content, where its values have a path but no line yet. */
export interface ContentProblem {
  readonly code: string;
  readonly message: string;
  readonly path: ContractPath;
  readonly part?: "key" | "value";
  readonly suggestion?: string;
  /** What it contradicts. */
  readonly related?: { readonly path: ContractPath; readonly message: string };
}

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
export function toContentProblem(issue: Issue, data: unknown): ContentProblem {
  const path = issue.path as ContractPath;
  const value = valueAt(data, path);
  const codedMessage = /^(RC\d{3}) ([^]*)$/.exec(issue.message);
  if (value === undefined) return { code: "RC006", message: `the key ${String(path.at(-1))} is missing`, path };
  if (codedMessage) return { code: codedMessage[1]!, message: `${describeValue(value)}: ${codedMessage[2]!}`, path };
  const expected = expectedBy(issue);
  if (expected.length > 0) return unexpectedValue(path, expected, value);
  return { code: "RC010", message: `${describeValue(value)} is out of range: ${describeLimit(issue)}`, path };
}

function describeLimit(issue: Issue): string {
  const what =
    "origin" in issue && issue.origin === "array"
      ? " in the list"
      : "origin" in issue && issue.origin === "string"
        ? " characters"
        : "";
  if (issue.code === "too_small")
    return `${issue.inclusive === false ? "more than" : "at least"} ${issue.minimum}${what}`;
  if (issue.code === "too_big") return `${issue.inclusive === false ? "less than" : "at most"} ${issue.maximum}${what}`;
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
function unexpectedValue(path: ContractPath, expected: readonly Expected[], value: unknown): ContentProblem {
  const literals = expected.flatMap((each) => ("literal" in each ? [each.literal] : []));
  const words = expected.map((each) => ("kind" in each ? each.kind : String(each.literal)));
  const message = `expected ${[...new Set(words)].join(" or ")}, found ${describeValue(value)}`;
  if (!literals.some((literal) => typeof literal === typeof value)) return { code: "RC007", message, path };
  const suggestion = didYouMean(String(value), literals.map(String));
  return { code: "RC010", message, path, ...(suggestion === undefined ? {} : { suggestion }) };
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
