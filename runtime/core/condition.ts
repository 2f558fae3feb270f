import { RE2JS } from "re2js";
import type { Condition, Facts } from "./domain.ts";
import type { Expression, Path, Test, TestName, Value } from "./expression.ts";

/** A path's value; undefined when it is absent or null. Follows own properties only, never the prototype's. */
export function valueAt(path: Path, facts: Facts): unknown {
  if (path.root === "unconfirmed") return facts.unconfirmed;
  let value: unknown = path.root === "state" ? facts.state : facts.payload;
  for (const key of path.keys) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[key];
  }
  return value ?? undefined;
}

type Scalar = string | number | boolean;
const isScalar = (value: unknown): value is Scalar =>
  typeof value === "string" || typeof value === "number" || typeof value === "boolean";

const orderComparison =
  (accepts: (order: number) => boolean) =>
  (one: unknown, other: unknown): boolean => {
    if (typeof one === "number" && typeof other === "number") return accepts(one - other);
    if (typeof one === "string" && typeof other === "string") return accepts(one < other ? -1 : one > other ? 1 : 0);
    return false;
  };

// Comparing what can't be compared (a number with a string, lists, objects) is false.
const COMPARISONS: Partial<Record<TestName, (one: unknown, other: unknown) => boolean>> = {
  "==": (one, other) => isScalar(one) && one === other,
  "!=": (one, other) => isScalar(one) && isScalar(other) && one !== other,
  "<": orderComparison((order) => order < 0),
  "<=": orderComparison((order) => order <= 0),
  ">": orderComparison((order) => order > 0),
  ">=": orderComparison((order) => order >= 0),
  contains: (one, other) => includesValue(one, other) === true,
  lacks: (one, other) => includesValue(one, other) === false,
};

/** Whether a list contains an item, or a text a substring; undefined for all other values. */
function includesValue(one: unknown, other: unknown): boolean | undefined {
  if (Array.isArray(one)) return isScalar(other) ? one.includes(other) : undefined;
  return typeof one === "string" && typeof other === "string" ? one.includes(other) : undefined;
}

function compileTest({ path, test, value }: Test): Condition {
  const valueAtPath = (facts: Facts) => valueAt(path, facts);
  if (test === "is_present") return (facts) => valueAtPath(facts) !== undefined;
  if (test === "is_absent") return (facts) => valueAtPath(facts) === undefined;
  if (test === "is_true") return (facts) => valueAtPath(facts) === true;
  if (test === "is_false") return (facts) => valueAtPath(facts) === false;
  if (!value) throw new Error(`${test} has no value`);
  if (test === "in") {
    const items = new Set<unknown>(value.kind === "list" ? value.items.map((item) => item.value) : []);
    return (facts) => items.has(valueAtPath(facts));
  }
  if (test === "matches") {
    const pattern = RE2JS.compile(value.kind === "literal" ? String(value.value) : value.text);
    return (facts) => {
      const text = valueAtPath(facts);
      return typeof text === "string" && pattern.matcher(text).find();
    };
  }
  const comparison = COMPARISONS[test]!;
  const other = valueOf(value);
  return (facts) => comparison(valueAtPath(facts), other(facts));
}

function valueOf(value: Value): (facts: Facts) => unknown {
  if (value.kind === "path") return (facts) => valueAt(value.path, facts);
  const constantValue = value.kind === "literal" ? value.value : undefined;
  return () => constantValue;
}

/**
 * Pure and total, also on facts of unexpected types. Takes time linear in the facts: `matches` runs on RE2, and finds
 * its pattern anywhere in the text.
 */
export function compileExpression(expression: Expression): Condition {
  const any = expression.any.map((tests) => tests.map(compileTest));
  return (facts) => any.some((tests) => tests.every((condition) => condition(facts)));
}
