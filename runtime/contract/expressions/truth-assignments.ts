import { compileExpression } from "../../core/condition.ts";
import type { Condition, Facts } from "../../core/domain.ts";
import type { Expression, Path, Test } from "../../core/expression.ts";
import type { Scope } from "./expression-types.ts";
import { candidatesFor, type Candidate } from "./candidate-values.ts";

/** One transition's conditions: all must hold. None: it always fits. */
export type Conditions = readonly Expression[];

/** One way the conditions of several transitions can turn out. */
interface World {
  /** What the facts are, for people: `unconfirmed is 0`. */
  readonly describe: string;
  readonly holds: readonly boolean[];
}

export interface Worlds {
  readonly worlds: readonly World[];
  /** False: `matches` was taken for `is_present`, so a world may not be real; that none is there still is a proof. */
  readonly exact: boolean;
}

const TRIES_MAX = 100_000;

/**
 * Whether conditions can hold together, decided by trying them, as the runtime evaluates them, on every combination of
 * the values that could make a difference: absent, each constant and what lies beside it, each member of an enum, each
 * set of list items. Numbers, texts in order, sets and presence have no other cases; only patterns can't be tried out.
 * Undefined where there are more combinations than TRIES_MAX, or values that can't be named.
 */
export function worldsOf(all: readonly Conditions[], scope: Scope): Worlds | undefined {
  const conditions = all.map((each) => each.map(withoutPatterns));
  const tests = conditions.flat().flatMap(({ any }) => any.flat());
  const paths = pathsOf(tests);
  const values: (readonly Candidate[])[] = [];
  for (const path of paths) {
    const candidates = candidatesFor(path, tests, scope);
    if (!candidates) return undefined;
    values.push(candidates);
  }
  if (values.reduce((product, each) => product * each.length, 1) > TRIES_MAX) return undefined;
  const compiled: readonly (readonly Condition[])[] = conditions.map((each) => each.map(compileExpression));
  const worlds = new Map<string, World>();
  for (const choice of combinations(values)) {
    const facts = factsOf(paths, choice);
    const holds = compiled.map((each) => each.every((condition) => condition(facts)));
    const key = holds.join();
    if (!worlds.has(key)) worlds.set(key, { holds, describe: describe(paths, choice) });
  }
  const exact = all.flat().every(({ any }) => any.flat().every(({ test }) => test !== "matches"));
  return { worlds: [...worlds.values()], exact };
}

const withoutPatterns = ({ text, any }: Expression): Expression => ({
  text,
  any: any.map((tests) =>
    tests.map(({ path, offset, ...test }): Test =>
      test.test === "matches" ? { path, offset, test: "is_present" } : { path, offset, ...test },
    ),
  ),
});

const pathsOf = (tests: readonly Test[]): readonly Path[] => [
  ...new Map(
    tests
      .flatMap(({ path, value }) => (value?.kind === "path" ? [path, value.path] : [path]))
      .map((path) => [path.text, path] as const)
      .sort(([one], [other]) => one.length - other.length),
  ).values(),
];

function* combinations(values: readonly (readonly Candidate[])[]): Generator<readonly Candidate[]> {
  const [first, ...rest] = values;
  if (!first) return yield [];
  for (const each of first) for (const more of combinations(rest)) yield [each, ...more];
}

/** Shorter paths come first: a field of what is absent, or no object, is absent itself. */
function factsOf(paths: readonly Path[], choice: readonly Candidate[]): Facts {
  const roots = { payload: {}, state: {} };
  let unconfirmed = 0;
  paths.forEach(({ root, keys }, index) => {
    const value = choice[index]?.value;
    if (root === "unconfirmed") unconfirmed = Number(value);
    else place(roots[root], keys, value);
  });
  return { ...roots, unconfirmed };
}

function place(root: Record<string, unknown>, keys: readonly string[], value: unknown): void {
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

const describe = (paths: readonly Path[], choice: readonly Candidate[]): string =>
  paths.map((path, index) => `${path.text} is ${choice[index]?.text ?? "absent"}`).join(", ");
