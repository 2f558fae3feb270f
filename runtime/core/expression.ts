import { RE2JS } from "re2js";
import { tokenize, type Token } from "./expression-tokens.ts";

/** Tests without a value, and tests with one. */
const UNARY_TESTS = ["is_present", "is_absent", "is_true", "is_false"] as const;
const BINARY_TESTS = ["==", "!=", "<", "<=", ">", ">=", "in", "contains", "lacks", "matches"] as const;
export type TestName = (typeof UNARY_TESTS)[number] | (typeof BINARY_TESTS)[number];

/** `a.b` in the payload, `state.a.b` in the reducer's state before the transition, or the built-in `unconfirmed`. */
export interface Path {
  readonly root: "payload" | "state" | "unconfirmed";
  /** Own properties to follow from the root; empty for `unconfirmed`. */
  readonly keys: readonly string[];
  readonly text: string;
  readonly offset: number;
}

export interface Literal {
  readonly kind: "literal";
  readonly value: string | number | boolean;
  readonly text: string;
  readonly offset: number;
}
export type Value =
  | Literal
  | { readonly kind: "path"; readonly path: Path; readonly text: string; readonly offset: number }
  | { readonly kind: "list"; readonly items: readonly Literal[]; readonly text: string; readonly offset: number };

export interface Test {
  readonly path: Path;
  readonly test: TestName;
  readonly value?: Value;
  /** Position of the test's name in the text. */
  readonly offset: number;
}

/** `and` binds tighter than `or`: the expression holds when all tests of any one list hold. */
export interface Expression {
  readonly text: string;
  readonly any: readonly (readonly Test[])[];
}

export interface SyntaxIssue {
  readonly message: string;
  /** Position in the text, from 0, and number of characters. */
  readonly offset: number;
  readonly length: number;
}

const TESTS_MAX = 32;
const isUnary = (text: string): boolean => (UNARY_TESTS as readonly string[]).includes(text);
const isBinary = (text: string): boolean => (BINARY_TESTS as readonly string[]).includes(text);
const isReserved = (token: Token): boolean =>
  token.kind === "word" && (isUnary(token.text) || isBinary(token.text) || token.text === "and" || token.text === "or");

class ExpressionSyntaxError extends Error {
  readonly error: SyntaxIssue;
  constructor(message: string, token: { readonly offset: number; readonly text: string }) {
    super(message);
    this.error = { message, offset: token.offset, length: Math.max(1, token.text.length) };
  }
}

/** Parses an expression. Total: a syntax error is returned with its position, never thrown. */
export function parseExpression(text: string): { expression: Expression } | { problem: SyntaxIssue } {
  try {
    return { expression: new ExpressionParser(text).parse() };
  } catch (error) {
    if (error instanceof ExpressionSyntaxError) return { problem: error.error };
    throw error;
  }
}

class ExpressionParser {
  readonly #text: string;
  readonly #tokens: readonly Token[];
  #position = 0;

  constructor(text: string) {
    this.#text = text;
    this.#tokens = tokenize(text);
    const bad = this.#tokens.find((token) => token.error);
    if (bad?.error) throw new ExpressionSyntaxError(bad.error, bad);
  }

  parse(): Expression {
    const any: Test[][] = [[this.#parseTest()]];
    for (let count = 1; this.#position < this.#tokens.length; count++) {
      const connective = this.#nextToken("and, or, or the end");
      if (count === TESTS_MAX) throw new ExpressionSyntaxError(`more than ${TESTS_MAX} tests`, connective);
      if (connective.kind !== "word" || (connective.text !== "and" && connective.text !== "or"))
        throw new ExpressionSyntaxError(`expected and, or, or the end, found ${connective.text}`, connective);
      const test = this.#parseTest();
      if (connective.text === "and") any.at(-1)!.push(test);
      else any.push([test]);
    }
    return { text: this.#text, any };
  }

  #nextToken(expected: string): Token {
    const token = this.#tokens[this.#position++];
    if (!token)
      throw new ExpressionSyntaxError(`expected ${expected}, found the end`, { offset: this.#text.length, text: "" });
    return token;
  }

  #parseTest(): Test {
    const path = this.#parsePath(this.#nextToken("a path"));
    const token = this.#nextToken("a test");
    if (isUnary(token.text)) return { path, test: token.text as TestName, offset: token.offset };
    if (!isBinary(token.text) || token.kind === "string") {
      const tests = [...UNARY_TESTS, ...BINARY_TESTS].join(", ");
      throw new ExpressionSyntaxError(`expected a test, found ${token.text}; tests are ${tests}`, token);
    }
    const test = token.text as TestName;
    return { path, test, value: this.#parseValue(test), offset: token.offset };
  }

  #parsePath(token: Token): Path {
    if (token.kind !== "word" || isReserved(token))
      throw new ExpressionSyntaxError(`expected a path, found ${token.text}`, token);
    const parts = token.text.split(".");
    if (!parts.every((part) => /^[A-Za-z_][A-Za-z0-9_-]*$/.test(part)))
      throw new ExpressionSyntaxError(`${token.text} is no path: names are joined by dots`, token);
    const at = { text: token.text, offset: token.offset };
    if (token.text === "unconfirmed") return { root: "unconfirmed", keys: [], ...at };
    const state = parts[0] === "state" && parts.length > 1;
    return { root: state ? "state" : "payload", keys: state ? parts.slice(1) : parts, ...at };
  }

  #parseValue(test: TestName): Value {
    const token = this.#nextToken("a value");
    if (test === "in") return this.#parseList(token);
    if (token.text === "[" && token.kind === "mark")
      throw new ExpressionSyntaxError("a list stands only after in", token);
    const at = { text: token.text, offset: token.offset };
    if (test === "matches") return this.#parsePattern(token);
    if (token.kind === "word" && token.text.startsWith("state."))
      return { kind: "path", path: this.#parsePath(token), ...at };
    return this.#parseLiteral(token);
  }

  #parseLiteral(token: Token): Literal {
    const at = { kind: "literal", text: token.text, offset: token.offset } as const;
    if (token.kind === "string") return { ...at, value: token.text.slice(1, -1) };
    if (token.kind === "number") return { ...at, value: Number(token.text) };
    if (token.kind !== "word") throw new ExpressionSyntaxError(`expected a value, found ${token.text}`, token);
    if (isReserved(token))
      throw new ExpressionSyntaxError(`expected a value, found ${token.text}: quote it if it is one`, token);
    if (token.text === "true" || token.text === "false") return { ...at, value: token.text === "true" };
    return { ...at, value: token.text };
  }

  #parsePattern(token: Token): Literal {
    const literal = this.#parseLiteral(token);
    if (typeof literal.value !== "string")
      throw new ExpressionSyntaxError("a pattern is a word or a quoted string", token);
    try {
      RE2JS.compile(literal.value);
    } catch (error) {
      throw new ExpressionSyntaxError(`not a pattern that RE2 takes: ${(error as Error).message}`, token);
    }
    return literal;
  }

  #parseList(open: Token): Value {
    if (open.kind !== "mark" || open.text !== "[")
      throw new ExpressionSyntaxError(`expected a list [a, b], found ${open.text}`, open);
    const items: Literal[] = [];
    for (;;) {
      items.push(this.#parseLiteral(this.#nextToken("a value")));
      const mark = this.#nextToken(", or ]");
      if (mark.kind === "mark" && mark.text === ",") continue;
      if (mark.kind !== "mark" || mark.text !== "]")
        throw new ExpressionSyntaxError(`expected , or ], found ${mark.text}`, mark);
      const text = this.#text.slice(open.offset, mark.offset + 1);
      return { kind: "list", items, text, offset: open.offset };
    }
  }
}
