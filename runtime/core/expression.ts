import { RE2JS } from "re2js";

/** Tests without a value, and tests with one. */
const UNARY_TESTS = ["is_present", "is_absent", "is_true", "is_false"] as const;
const BINARY_TESTS = ["==", "!=", "<", "<=", ">", ">=", "in", "contains", "lacks", "matches"] as const;
export type TestName = (typeof UNARY_TESTS)[number] | (typeof BINARY_TESTS)[number];

/** A part of an expression as written, quotes included, and its position from 0. */
interface Token {
  readonly text: string;
  readonly offset: number;
}

/** A path begins with one of these, or it is in the payload. */
const ROOTS = ["state", "caller", "loaded"] as const;
type Root = (typeof ROOTS)[number];

/**
 * `a.b` in the payload, `state.a.b` in the reducer's state before the transition, `caller.id` of who sent the message,
 * `loaded.a.b` in what its gateway has read, or the built-in `unconfirmed`.
 */
export interface Path extends Token {
  readonly kind: "path";
  readonly root: "payload" | "unconfirmed" | Root;
  /** Own properties to follow from the root; empty for `unconfirmed`. */
  readonly keys: readonly string[];
}

export interface Literal extends Token {
  readonly kind: "literal";
  readonly value: string | number | boolean;
}
interface LiteralList extends Token {
  readonly kind: "list";
  readonly items: readonly Literal[];
}
export type Value = Literal | Path | LiteralList;

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

const rootCalled = (name: string | undefined): Root | undefined => ROOTS.find((root) => root === name);
const TESTS_MAX = 32;
const isUnary = (text: string): boolean => (UNARY_TESTS as readonly string[]).includes(text);
const isBinary = (text: string): boolean => (BINARY_TESTS as readonly string[]).includes(text);
const isConnective = (text: string): boolean => text === "and" || text === "or";
const isReserved = (text: string): boolean => isUnary(text) || isBinary(text) || isConnective(text);

class ExpressionSyntaxError extends Error {
  /** `length` is the number of characters. */
  readonly issue: { readonly message: string; readonly offset: number; readonly length: number };
  constructor(message: string, { text, offset }: Token) {
    super(message);
    this.issue = { message, offset, length: Math.max(1, text.length) };
  }
}

/** Parses an expression. Total: a syntax error is returned with its position, never thrown. */
export function parseExpression(
  text: string,
): { expression: Expression } | { problem: ExpressionSyntaxError["issue"] } {
  try {
    return { expression: { text, any: new ExpressionParser(text).parse() } };
  } catch (error) {
    if (error instanceof ExpressionSyntaxError) return { problem: error.issue };
    throw error;
  }
}

// Quoted strings have no escapes, so that patterns stay readable. `other` takes any remaining character but spaces, so
// every character belongs to a token.
const TOKENS = new RegExp(
  [
    `"[^"]*"|'[^']*'`,
    `(?<number>-?[0-9][A-Za-z0-9_.]*)`,
    `[A-Za-z_][A-Za-z0-9_.:/-]*`,
    `==|!=|<=|>=|<|>`,
    `[\\[\\],]`,
    `(?<other>[^\\s])`,
  ].join("|"),
  "gu",
);

function tokenize(expression: string): readonly Token[] {
  return Array.from(expression.matchAll(TOKENS), ({ 0: text, index: offset, groups }) => {
    const error = groups?.["number"] ? numberError(text) : groups?.["other"] ? strayCharacterError(text) : undefined;
    if (error !== undefined) throw new ExpressionSyntaxError(error, { text, offset });
    return { text, offset };
  });
}

function strayCharacterError(text: string): string {
  if (text === '"' || text === "'") return "a quote without its end";
  if (text === "=") return "= is no test: did you mean ==";
  if (text === "(" || text === ")") return "there are no parentheses: and binds tighter than or";
  if (text === "&" || text === "|" || text === "!") return `${text} is no test: write and, or, !=`;
  return `${text} has no meaning here`;
}

function numberError(text: string): string | undefined {
  if (/^-?0[0-9]/.test(text)) return `${text} has a leading zero`;
  if (!/^-?[0-9]+(\.[0-9]+)?$/.test(text)) return `${text} is no number: quote it if it is text`;
  if (!text.includes(".") && !Number.isSafeInteger(Number(text))) return `${text} is over 2^53`;
  return undefined;
}

class ExpressionParser {
  readonly #text: string;
  readonly #tokens: readonly Token[];
  #position = 0;

  constructor(text: string) {
    this.#text = text;
    this.#tokens = tokenize(text);
  }

  parse(): Expression["any"] {
    const any: Test[][] = [[this.#parseTest()]];
    for (let count = 1; this.#position < this.#tokens.length; count++) {
      const connective = this.#nextToken("and, or, or the end", isConnective);
      if (count === TESTS_MAX) throw new ExpressionSyntaxError(`more than ${TESTS_MAX} tests`, connective);
      const test = this.#parseTest();
      if (connective.text === "and") any.at(-1)!.push(test);
      else any.push([test]);
    }
    return any;
  }

  #nextToken(expected: string, isExpected: (text: string) => boolean): Token {
    const token = this.#tokens[this.#position++] ?? { text: "", offset: this.#text.length };
    if (token.text !== "" && isExpected(token.text)) return token;
    throw new ExpressionSyntaxError(`expected ${expected}, found ${token.text || "the end"}`, token);
  }

  #parseTest(): Test {
    const path = this.#parsePath();
    const { text, offset } = this.#nextToken("a test", () => true);
    const test = text as TestName;
    if (isUnary(text)) return { path, test, offset };
    if (isBinary(text)) return { path, test, value: this.#parseValue(test), offset };
    const tests = [...UNARY_TESTS, ...BINARY_TESTS].join(", ");
    throw new ExpressionSyntaxError(`expected a test, found ${text}; tests are ${tests}`, { text, offset });
  }

  #parsePath(): Path {
    const token = this.#nextToken("a path", (text) => /^[A-Za-z_]/.test(text) && !isReserved(text));
    const parts = token.text.split(".");
    if (!parts.every((part) => /^[A-Za-z_][A-Za-z0-9_-]*$/.test(part)))
      throw new ExpressionSyntaxError(`${token.text} is no path: names are joined by dots`, token);
    if (token.text === "unconfirmed") return { kind: "path", root: "unconfirmed", keys: [], ...token };
    const root = parts.length > 1 ? rootCalled(parts[0]) : undefined;
    return { kind: "path", root: root ?? "payload", keys: root ? parts.slice(1) : parts, ...token };
  }

  #parseValue(test: TestName): Value {
    if (test === "in") return this.#parseList();
    const token = this.#tokens[this.#position];
    if (token?.text === "[") throw new ExpressionSyntaxError("a list stands only after in", token);
    if (test === "matches") return this.#parsePattern();
    const [first, ...rest] = token?.text.split(".") ?? [];
    return rest.length > 0 && rootCalled(first) ? this.#parsePath() : this.#parseLiteral();
  }

  #parseLiteral(): Literal {
    const token = this.#nextToken("a value", (text) => /^[\w"'-]/.test(text));
    const { text } = token;
    if (isReserved(text))
      throw new ExpressionSyntaxError(`expected a value, found ${text}: quote it if it is one`, token);
    let value: Literal["value"] = text;
    if (/^["']/.test(text)) value = text.slice(1, -1);
    else if (/^[-0-9]/.test(text)) value = Number(text);
    else if (text === "true" || text === "false") value = text === "true";
    return { kind: "literal", value, ...token };
  }

  #parsePattern(): Literal {
    const literal = this.#parseLiteral();
    if (typeof literal.value !== "string")
      throw new ExpressionSyntaxError("a pattern is a word or a quoted string", literal);
    try {
      RE2JS.compile(literal.value);
    } catch (error) {
      throw new ExpressionSyntaxError(`not a pattern that RE2 takes: ${(error as Error).message}`, literal);
    }
    return literal;
  }

  #parseList(): LiteralList {
    const { offset } = this.#nextToken("a list [a, b]", (text) => text === "[");
    const items: Literal[] = [];
    for (;;) {
      items.push(this.#parseLiteral());
      const mark = this.#nextToken(", or ]", (text) => text === "," || text === "]");
      if (mark.text === "]") return { kind: "list", items, text: this.#text.slice(offset, mark.offset + 1), offset };
    }
  }
}
