import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compileExpression, valueAt } from "../../runtime/core/condition.ts";
import type { Facts } from "../../runtime/core/domain.ts";
import { parseExpression } from "../../runtime/core/expression.ts";

const facts = (payload: unknown, state: unknown = {}, unconfirmed = 0): Facts => ({ payload, state, unconfirmed });
const holds = (text: string, given: Facts): boolean => {
  const read = parseExpression(text);
  if ("problem" in read) throw new Error(`${read.problem.offset}: ${read.problem.message}`);
  return compileExpression(read.expression)(given);
};
const problemIn = (text: string) => {
  const read = parseExpression(text);
  return "problem" in read ? read.problem : undefined;
};

describe("an expression", () => {
  it("reads a plain path in the payload, state.* in the reducer's state, and unconfirmed as a number", () => {
    expect(holds("epoch > state.node.epoch", facts({ epoch: 2 }, { node: { epoch: 1 } }))).toBe(true);
    expect(holds("node_id is_present", facts({}, { node_id: "n" }))).toBe(false);
    expect(holds("unconfirmed == 0", facts({ unconfirmed: 7 }, {}, 0))).toBe(true);
    expect(holds("state is_present", facts({ state: "ready" }))).toBe(true);
  });

  it("lets and bind tighter than or", () => {
    const text = "a is_true or b is_true and c is_true";
    expect(holds(text, facts({ a: true, b: false, c: false }))).toBe(true);
    expect(holds(text, facts({ a: false, b: true, c: false }))).toBe(false);
    expect(holds("b is_true and c is_true or a is_true", facts({ a: true, b: false, c: false }))).toBe(true);
  });

  it.each([
    ["a == shutdown", { a: "shutdown" }, true],
    ["a == 'two words'", { a: "two words" }, true],
    ["a == -1.5", { a: -1.5 }, true],
    ["a != 1", { a: 2 }, true],
    ["a == 1", { a: "1" }, false],
    ["a in [x, 'y z', 3]", { a: 3 }, true],
    ["a in [x]", { a: "y" }, false],
    ["a contains x", { a: ["x"] }, true],
    ["a contains x", { a: "axe" }, true],
    ["a lacks x", { a: ["y"] }, true],
    ["a lacks x", { a: ["y", "x"] }, false],
    ["a lacks x", { a: "ace" }, true],
    ["a lacks x", { a: 3 }, false],
    ["a matches '^v[0-9]+$'", { a: "v12" }, true],
    ["a matches b", { a: "abc" }, true],
    ["a < b", { a: "a" }, true],
    ["a < 5", { a: "4" }, false],
    ["a is_false", { a: false }, true],
    ["a.b.c is_present", { a: { b: { c: 0 } } }, true],
  ])("%s of %j is %s", (text, payload, truth) => expect(holds(text, facts(payload))).toBe(truth));

  it("is false for an absent path or null, whatever the test, except is_absent", () => {
    const tests = ["is_present", "is_true", "is_false", "== a", "!= a", "< 1", "<= 1", "> 1", ">= 1", "in [a]"];
    for (const test of [...tests, "contains a", "lacks a", "matches a", "!= state.gone"])
      for (const payload of [{}, { x: null }, null, 3, "x"])
        expect([test, payload, holds(`x ${test}`, facts(payload))]).toEqual([test, payload, false]);
    expect(holds("x is_absent", facts({ x: null }))).toBe(true);
    expect(holds("x != state.gone", facts({ x: 1 }))).toBe(false);
  });

  it("does not read properties of prototypes", () => {
    for (const path of ["constructor", "__proto__", "toString.name", "a.constructor", "list.length.toFixed"])
      expect(holds(`${path} is_absent`, facts({ a: {}, list: [1] }))).toBe(true);
  });

  it("matches in time linear in the text", () => {
    expect(holds("a matches '^(a+)+$'", facts({ a: `${"a".repeat(50_000)}!` }))).toBe(false);
  });

  it.each([
    ["", 0, "expected a path"],
    ["a", 1, "expected a test"],
    ["a = 1", 2, "did you mean =="],
    ["a == ", 5, "expected a value"],
    ["a == 010", 5, "leading zero"],
    ["a == 9007199254740993", 5, "2^53"],
    ["a == 1 and", 10, "expected a path"],
    ["a == 1 b == 2", 7, "expected and, or, or the end"],
    ["(a == 1)", 0, "parentheses"],
    ["a == 'x", 5, "quote"],
    ["a in x", 5, "expected a list"],
    ["a in [x", 7, "expected , or ]"],
    ["a == [x]", 5, "only after in"],
    ["a matches '(?=x)'", 10, "RE2"],
    ["a matches '(a'", 10, "RE2"],
    ["a is_presnt", 2, "expected a test"],
    ["a..b == 1", 0, "no path"],
    ["and == 1", 0, "expected a path"],
    ["a == and", 5, "quote it"],
    ["a == b; drop", 6, "no meaning"],
  ])("refuses %j at offset %i", (text, offset, message) => {
    expect(problemIn(text)?.offset).toBe(offset);
    expect(problemIn(text)?.message).toContain(message);
  });

  it("takes at most 32 tests", () => {
    const chain = (count: number) => Array.from({ length: count }, () => "a is_true").join(" or ");
    expect(problemIn(chain(32))).toBeUndefined();
    expect(problemIn(chain(33))?.message).toContain("more than 32");
  });
});

// An independent evaluator, written from contracts.md: `or` splits first, then `and`, then one test of two values.
function naive(text: string, { payload, state, unconfirmed }: Facts): boolean {
  const read = (path: string): unknown => {
    if (path === "unconfirmed") return unconfirmed;
    const names = path.split(".");
    let value: unknown = names.length > 1 && names[0] === "state" ? (names.shift(), state) : payload;
    for (const name of names)
      value = Object.entries(Object(value) as object).find(([key]) => key === name)?.[1] as unknown;
    return value;
  };
  const word = (written: string): unknown =>
    written.startsWith("state.")
      ? read(written)
      : /^(-?\d.*|true|false|".*")$/.test(written)
        ? (JSON.parse(written) as unknown)
        : written;
  const one = (part: string): boolean => {
    const [path = "", test = "", ...rest] = part.split(" ");
    const [found, other] = [read(path), rest.length === 1 ? word(rest[0]!) : undefined];
    if (test === "is_absent") return found === undefined || found === null;
    if (found === undefined || found === null) return false;
    if (test === "is_present") return true;
    if (test === "is_true" || test === "is_false") return found === (test === "is_true");
    if (test === "in")
      return rest
        .join(" ")
        .slice(1, -1)
        .split(", ")
        .some((item) => word(item) === found);
    if (other === undefined || other === null || typeof other === "object") return false;
    if (test === "contains" || test === "lacks")
      return typeof found === "string"
        ? typeof other === "string" && found.indexOf(other) >= 0 === (test === "contains")
        : Array.isArray(found) && found.some((item) => item === other) === (test === "contains");
    if (typeof found === "object") return false;
    if (test === "==" || test === "!=") return (found === other) === (test === "==");
    if (typeof found !== typeof other || typeof found === "boolean") return false;
    const order = found < other ? -1 : found > other ? 1 : 0;
    return { "<": order < 0, "<=": order <= 0, ">": order > 0, ">=": order >= 0 }[test]!;
  };
  return text.split(" or ").some((all) => all.split(" and ").every(one));
}

const path = fc.constantFrom("a", "b.c", "state.a", "state.b.c", "unconfirmed", "gone", "state.gone.x");
const literal = fc.constantFrom("0", "1", "-2.5", "true", "false", "x", '"y"', "state.a", "state.b.c");
const test = fc.oneof(
  fc.constantFrom("is_present", "is_absent", "is_true", "is_false"),
  fc
    .tuple(fc.constantFrom("==", "!=", "<", "<=", ">", ">=", "contains", "lacks"), literal)
    .map((pair) => pair.join(" ")),
  fc.array(fc.constantFrom("0", "1", "x", '"y"', "true"), { minLength: 1 }).map((items) => `in [${items.join(", ")}]`),
);
const expression = fc
  .array(
    fc.array(
      fc.tuple(path, test).map((pair) => pair.join(" ")),
      { minLength: 1, maxLength: 3 },
    ),
    {
      minLength: 1,
      maxLength: 3,
    },
  )
  .map((any) => any.map((all) => all.join(" and ")).join(" or "));
const leaf = fc.constantFrom<unknown>(0, 1, -2.5, true, false, null, "x", "y", "xy", ["x", 1], [], {});
const record = fc.record({ a: leaf, b: fc.oneof(leaf, fc.record({ c: leaf })) }, { requiredKeys: [] });
const anyFacts = fc.record({ payload: record, state: record, unconfirmed: fc.nat(2) });

describe("a compiled expression", () => {
  it("gives the same result as a naive evaluator", () =>
    fc.assert(
      fc.property(expression, anyFacts, (text, given) => holds(text, given) === naive(text, given)),
      { numRuns: 5_000 },
    ));

  it("is total: any text is parsed, or refused with an offset inside of it", () =>
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          expression.map((text) => text.slice(0, -1)),
        ),
        (text) => {
          const problem = problemIn(text);
          return !problem || (problem.offset >= 0 && problem.offset <= text.length && problem.length > 0);
        },
      ),
    ));

  it("is total: any facts give a result", () =>
    fc.assert(
      fc.property(expression, fc.anything(), (text, any) => typeof holds(text, facts(any, any)) === "boolean"),
    ));

  it("looks a path up without following prototypes", () =>
    expect(valueAt({ root: "payload", keys: ["valueOf"] }, facts({}))).toBeUndefined());
});
