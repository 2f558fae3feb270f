import type { Literal, Path, Test, Value } from "../../core/expression.ts";
import { didYouMean } from "../diagnostics/did-you-mean.ts";
import { CALLER_SHAPE } from "./caller-shape.ts";
import { type FieldType, mergeLookups, type PathLookup, type Shape, typesAt } from "./field-types.ts";

/** What the paths of an expression are looked up in: the payloads that it may meet, and the reducer's state. */
export interface ExpressionScope {
  readonly payloads: readonly Shape[];
  readonly state: Shape;
  /** Whether the expression is about a message from outside: then it may read who sent it. */
  readonly hasDoor?: boolean;
  /** What stands for the payload, in words. */
  readonly subject?: string;
}

/** A test that does not fit the schema, and the part of the expression that is wrong. */
export interface TypeMismatch {
  readonly offset: number;
  readonly length: number;
  readonly message: string;
  readonly suggestion?: string | undefined;
}

const mismatch = ({ text, offset }: Pick<Value, "text" | "offset">, message: string, suggestion?: string) => ({
  offset,
  length: text.length,
  message,
  suggestion,
});

/** The types of what a path leads to; where several payloads may come, one that has it is enough. */
export function pathTypes({ payloads, state, hasDoor }: ExpressionScope, { root, keys }: Path): PathLookup {
  if (root === "unconfirmed") return { types: [{ kind: "number" }] };
  if (root === "caller" || root === "loaded") {
    if (!hasDoor) return { missing: root, candidates: [] };
    // What a gateway loads is of any type: its views say which.
    return root === "loaded" ? { types: [{ kind: "any" }] } : typesAt(CALLER_SHAPE, keys);
  }
  const shapes = root === "state" ? [state] : payloads;
  return mergeLookups(
    shapes.map((shape) => typesAt(shape, keys)),
    keys,
  );
}

export const testsMembership = ({ test }: Test): boolean => test === "contains" || test === "lacks";

export function typeMismatches(scope: ExpressionScope, test: Test): readonly TypeMismatch[] {
  const { path, value } = test;
  const left = pathTypes(scope, path);
  if ("missing" in left) return [noSuchPath(scope, path, left)];
  const right = value?.kind === "path" ? pathTypes(scope, value) : undefined;
  if (value?.kind === "path" && right && "missing" in right) return [noSuchPath(scope, value, right)];
  const types = left.types.filter(({ kind }) => kind !== "null");
  if (types.some(({ kind }) => kind === "any")) return [];
  if (value?.kind === "list") return value.items.flatMap((item) => impossibleEquality(path, types, item) ?? []);
  const untestable = untestableMismatch(test, types);
  if (untestable) return [untestable];
  if (value && right && "types" in right) return incomparablePaths(path, value, types, right.types);
  if (value?.kind !== "literal" || test.test === "matches") return [];
  const compared = testsMembership(test) ? types.flatMap(itemTypes) : types;
  const impossible = misspeltPath(value) ?? impossibleEquality(path, compared, value);
  return impossible ? [impossible] : [];
}

const itemTypes = ({ kind, of = [] }: FieldType): readonly FieldType[] => (kind === "string" ? [{ kind }] : of);

function noSuchPath(
  { payloads, state, subject = "the payload" }: ExpressionScope,
  path: Path,
  { missing, candidates }: Extract<PathLookup, { missing: string }>,
): TypeMismatch {
  const suggestion = didYouMean(missing, candidates);
  if (missing === "caller" || missing === "loaded") {
    const why = "only `when` of a row for a consumed event reads what came with a message";
    return mismatch(path, `${path.text} is not known here: ${why}`);
  }
  const corrected = path.text.split(".").map((key) => (key === missing ? suggestion : key));
  const isOfCaller = path.root === "caller";
  const inState = path.root === "state";
  const foundInOther = (inState ? payloads : [state]).some((shape) => Object.hasOwn(shape, path.keys[0] ?? ""));
  const places = [subject, "the reducer's state"];
  const [here, there] = inState ? places.reverse() : places;
  const hint = foundInOther && suggestion === undefined ? ` (${there} has one)` : "";
  const message = `${isOfCaller ? "caller" : here} has no ${path.keys.join(".")}${isOfCaller ? "" : hint}`;
  return mismatch(path, message, suggestion === undefined ? undefined : corrected.join("."));
}

const TESTABLE_KINDS: Partial<Record<Test["test"], readonly FieldType["kind"][]>> = {
  is_true: ["boolean"],
  is_false: ["boolean"],
  "<": ["number", "string"],
  "<=": ["number", "string"],
  ">": ["number", "string"],
  ">=": ["number", "string"],
  "==": ["number", "string", "boolean"],
  "!=": ["number", "string", "boolean"],
  contains: ["list", "string"],
  lacks: ["list", "string"],
  matches: ["string"],
};

function untestableMismatch({ test, path, offset }: Test, types: readonly FieldType[]): TypeMismatch | undefined {
  const kinds = TESTABLE_KINDS[test];
  if (!kinds || types.some(({ kind }) => kinds.includes(kind))) return undefined;
  const message = `${test} tests a ${kinds.join(" or ")}, but ${path.text} is ${describeTypes(types)}`;
  return mismatch({ text: test, offset }, message);
}

/** What may stand before the first dot of a path on the right. */
const ROOTS: Readonly<Record<string, string>> = {
  state: "the reducer's state",
  caller: "who sent the message",
  loaded: "what was read for the message",
};

/** A word with dots is text, as long as it is not a path that went wrong: it would be compared with its own name. */
function misspeltPath(literal: Literal): TypeMismatch | undefined {
  const { text } = literal;
  const [first = "", ...rest] = text.split(".");
  const roots = Object.keys(ROOTS);
  const suggestion = rest.length > 0 && /^[a-z]/.test(first) ? didYouMean(first, roots) : undefined;
  if (suggestion === undefined) return undefined;
  const message = `${text} is a text here: a path in ${ROOTS[suggestion]} begins with ${suggestion}.`;
  return mismatch(literal, message, [suggestion, ...rest].join("."));
}

/** A comparison that is false, or true, whatever comes. */
function impossibleEquality(path: Path, types: readonly FieldType[], literal: Literal): TypeMismatch | undefined {
  const { value, text } = literal;
  const kind = typeof value;
  const sameKind = types.filter((type) => type.kind === kind || type.kind === "any");
  if (sameKind.length === 0)
    return mismatch(literal, `${path.text} is ${describeTypes(types)}, and ${text} is a ${kind}`);
  const members = sameKind.flatMap((type) => type.members ?? []);
  if (typeof value !== "string" || members.includes(value) || sameKind.some((type) => !type.members)) return undefined;
  const message = `${path.text} is never ${text}: it is one of ${members.join(", ")}`;
  return mismatch(literal, message, didYouMean(value, members));
}

function incomparablePaths(
  path: Path,
  value: Value,
  left: readonly FieldType[],
  right: readonly FieldType[],
): readonly TypeMismatch[] {
  const kinds = new Set(left.map(({ kind }) => kind));
  if (right.some(({ kind }) => kind === "any" || kinds.has(kind))) return [];
  return [mismatch(value, `${path.text} is ${describeTypes(left)}, and ${value.text} is ${describeTypes(right)}`)];
}

function describeTypes(types: readonly FieldType[]): string {
  const kinds = types.map(({ kind }) => kind).filter((kind) => kind !== "null");
  const described = kinds.map((kind) => (kind === "object" ? "an object" : `a ${kind}`));
  return [...new Set(described)].join(" or ") || "null";
}
