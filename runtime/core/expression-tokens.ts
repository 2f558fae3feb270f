export interface Token {
  readonly kind: "word" | "number" | "string" | "operator" | "mark" | "other";
  /** As written, quotes included. */
  readonly text: string;
  readonly offset: number;
  /** Why the token is not allowed. */
  readonly error?: string;
}

// `other` matches any remaining character, so every character belongs to a token.
const TOKENS = new RegExp(
  [
    `(?<space>\\s+)`,
    `(?<string>"[^"]*"|'[^']*')`,
    `(?<number>-?[0-9][A-Za-z0-9_.]*)`,
    `(?<word>[A-Za-z_][A-Za-z0-9_.:/-]*)`,
    `(?<operator>==|!=|<=|>=|<|>)`,
    `(?<mark>[\\[\\],])`,
    `(?<other>[^\\s])`,
  ].join("|"),
  "gu",
);

/** Splits an expression; total. Quoted strings have no escapes, so that patterns stay readable. */
export function tokenize(text: string): readonly Token[] {
  const tokens: Token[] = [];
  for (const match of text.matchAll(TOKENS)) {
    const [kind] = Object.entries(match.groups ?? {}).find(([, value]) => value !== undefined) ?? [];
    if (!kind || kind === "space") continue;
    const token = { kind: kind as Token["kind"], text: match[0], offset: match.index };
    const error = tokenError(token);
    tokens.push(error === undefined ? token : { ...token, error });
  }
  return tokens;
}

function tokenError(token: Token): string | undefined {
  if (token.kind === "number") return numberError(token.text);
  if (token.kind !== "other") return undefined;
  if (token.text === '"' || token.text === "'") return "a quote without its end";
  if (token.text === "=") return "= is no test: did you mean ==";
  if (token.text === "(" || token.text === ")") return "there are no parentheses: and binds tighter than or";
  if (token.text === "&" || token.text === "|" || token.text === "!")
    return `${token.text} is no test: write and, or, !=`;
  return `${token.text} has no meaning here`;
}

function numberError(text: string): string | undefined {
  if (/^-?0[0-9]/.test(text)) return `${text} has a leading zero`;
  if (!/^-?[0-9]+(\.[0-9]+)?$/.test(text)) return `${text} is no number: quote it if it is text`;
  if (!text.includes(".") && !Number.isSafeInteger(Number(text))) return `${text} is over 2^53`;
  return undefined;
}
