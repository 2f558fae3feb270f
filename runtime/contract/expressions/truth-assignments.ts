import { compileExpression } from "../../core/condition.ts";
import type { Facts } from "../../core/domain.ts";
import type { Expression, Path, Test } from "../../core/expression.ts";
import type { ExpressionScope } from "./expression-types.ts";
import { candidateValues } from "./candidate-values.ts";

/** The ways in which the conditions of several transitions can turn out. */
export interface TruthAssignments {
  readonly assignments: readonly {
    /** What the facts are, for people: `unconfirmed is 0`. */
    readonly description: string;
    readonly holds: readonly boolean[];
  }[];
  /** False: `matches` was taken for `is_present`, so a world may not be real; that none is there still is a proof. */
  readonly isExact: boolean;
}

const COMBINATIONS_MAX = 100_000;

/**
 * Whether conditions can hold together, decided by trying them, as the runtime evaluates them, on every combination of
 * the values that could make a difference: absent, each constant and what lies beside it, each member of an enum, each
 * set of list items. Numbers, texts in order, sets and presence have no other cases; only patterns can't be tried out.
 * Undefined where there are more combinations than COMBINATIONS_MAX, or values that can't be named.
 * @param all of each transition its conditions: all must hold. None: it always fits
 */
export function truthAssignments(
  all: readonly (readonly Expression[])[],
  scope: ExpressionScope,
): TruthAssignments | undefined {
  const conditions = all.map((each) => each.map(withoutPatterns));
  const tests = conditions.flat().flatMap(({ any }) => any.flat());
  const paths = pathsOf(tests);
  const values = paths.map((path) => candidateValues(path, tests, scope));
  if (!values.every((each) => each !== undefined)) return undefined;
  if (values.reduce((product, each) => product * each.length, 1) > COMBINATIONS_MAX) return undefined;
  const compiled = conditions.map((each) => each.map(compileExpression));
  const assignments = new Map<string, TruthAssignments["assignments"][number]>();
  for (const choice of combinations(values)) {
    const facts = factsOf(paths, choice);
    const holds = compiled.map((each) => each.every((condition) => condition(facts)));
    const key = holds.join();
    if (!assignments.has(key)) assignments.set(key, { holds, description: describeFacts(paths, choice) });
  }
  const isExact = all.flat().every(({ any }) => any.flat().every(({ test }) => test !== "matches"));
  return { assignments: [...assignments.values()], isExact };
}

const withoutPatterns = ({ text, any }: Expression): Expression => ({
  text,
  any: any.map((tests) => tests.map((each) => (each.test === "matches" ? { ...each, test: "is_present" } : each))),
});

const pathsOf = (tests: readonly Test[]): readonly Path[] => [
  ...new Map(
    tests
      .flatMap(({ path, value }) => (value?.kind === "path" ? [path, value] : [path]))
      .map((path) => [path.text, path] as const)
      .sort(([one], [other]) => one.length - other.length),
  ).values(),
];

function* combinations(values: readonly (readonly unknown[])[]): Generator<readonly unknown[]> {
  const [first, ...rest] = values;
  if (!first) return yield [];
  for (const each of first) for (const more of combinations(rest)) yield [each, ...more];
}

/** Shorter paths come first: a field of what is absent, or no object, is absent itself. */
function factsOf(paths: readonly Path[], choice: readonly unknown[]): Facts {
  const roots = { payload: {}, state: {} };
  let unconfirmed = 0;
  paths.forEach(({ root, keys }, index) => {
    const value = choice[index];
    if (root === "unconfirmed") unconfirmed = Number(value);
    // Transitions read nothing of a door: their conditions are checked before.
    else if (root === "payload" || root === "state") setPath(roots[root], keys, value);
  });
  return { ...roots, unconfirmed };
}

function setPath(root: Record<string, unknown>, keys: readonly string[], value: unknown): void {
  let at = root;
  for (const key of keys.slice(0, -1)) {
    if (!Object.hasOwn(at, key)) at[key] = {};
    const next = at[key];
    if (typeof next !== "object" || next === null) return;
    at = next as Record<string, unknown>;
  }
  // Null, not left out: a longer path must not make it present again.
  at[keys.at(-1) ?? ""] = value === undefined ? null : structuredClone(value);
}

const describeFacts = (paths: readonly Path[], choice: readonly unknown[]): string =>
  paths.map(({ text }, index) => `${text} is ${describeValue(choice[index])}`).join(", ");

function describeValue(value: unknown): string {
  if (value === undefined) return "absent";
  return typeof value === "object" && !Array.isArray(value) ? "an object" : JSON.stringify(value);
}
