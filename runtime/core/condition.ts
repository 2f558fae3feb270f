import { RE2JS } from "re2js";
import type { Condition, Facts } from "./domain.ts";
import { NOBODY } from "./door.ts";
import type { Expression, Path, Test, TestName } from "./expression.ts";

/** A path's value; undefined when it is absent or null. Follows own properties only, never the prototype's. */
export function valueAt(path: Pick<Path, "root" | "keys">, facts: Facts): unknown {
  if (path.root === "unconfirmed") return facts.unconfirmed;
  let value: unknown = rootOf(path.root, facts);
  for (const key of path.keys) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[key];
  }
  return value ?? undefined;
}

function rootOf(root: Path["root"], { payload, state, door }: Facts): unknown {
  if (root === "payload") return payload;
  if (root === "state") return state;
  return root === "caller" ? (door?.caller ?? NOBODY) : door?.loaded;
}

const isScalar = (value: unknown): boolean =>
  typeof value === "string" || typeof value === "number" || typeof value === "boolean";

const orderComparison =
  (accepts: (one: number | string, other: number | string) => boolean) =>
  (one: unknown, other: unknown): boolean =>
    (typeof one === "number" && typeof other === "number" && accepts(one, other)) ||
    (typeof one === "string" && typeof other === "string" && accepts(one, other));

/** Whether a list contains an item, or a text a substring; undefined for all other values. */
function includesValue(one: unknown, other: unknown): boolean | undefined {
  if (Array.isArray(one)) return isScalar(other) ? one.includes(other) : undefined;
  return typeof one === "string" && typeof other === "string" ? one.includes(other) : undefined;
}

// Comparing what can't be compared (a number with a string, lists, objects) is false.
const TESTS: Readonly<Record<TestName, (value: unknown, operand: unknown) => boolean>> = {
  is_present: (value) => value !== undefined,
  is_absent: (value) => value === undefined,
  is_true: (value) => value === true,
  is_false: (value) => value === false,
  "==": (value, operand) => isScalar(value) && value === operand,
  "!=": (value, operand) => isScalar(value) && isScalar(operand) && value !== operand,
  "<": orderComparison((one, other) => one < other),
  "<=": orderComparison((one, other) => one <= other),
  ">": orderComparison((one, other) => one > other),
  ">=": orderComparison((one, other) => one >= other),
  in: (value, operand) => includesValue(operand, value) === true,
  contains: (value, operand) => includesValue(value, operand) === true,
  lacks: (value, operand) => includesValue(value, operand) === false,
  matches: (value, operand) => typeof value === "string" && operand instanceof RE2JS && operand.matcher(value).find(),
};

function compileTest({ path, test, value }: Test): Condition {
  const holds = TESTS[test];
  if (value?.kind === "path") return (facts) => holds(valueAt(path, facts), valueAt(value, facts));
  const constant = value?.kind === "list" ? value.items.map((item) => item.value) : value?.value;
  const operand = test === "matches" ? RE2JS.compile(String(constant)) : constant;
  return (facts) => holds(valueAt(path, facts), operand);
}

/**
 * Pure and total, also on facts of unexpected types. Takes time linear in the facts: `matches` runs on RE2, and finds
 * its pattern anywhere in the text.
 */
export function compileExpression(expression: Expression): Condition {
  const any = expression.any.map((tests) => tests.map(compileTest));
  return (facts) => any.some((tests) => tests.every((condition) => condition(facts)));
}
