import type { Literal, Path, Test } from "../../core/expression.ts";
import { didYouMean } from "../diagnostics/did-you-mean.ts";
import { type FieldType, type PathLookup, type Shape, typesAt } from "./field-types.ts";

/** What the paths of an expression are looked up in: the payloads that it may meet, and the reducer's state. */
export interface ExpressionScope {
  readonly payloads: readonly Shape[];
  readonly state: Shape;
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

/** The types of what a path leads to; where several payloads may come, one that has it is enough. */
export function pathTypes({ payloads, state }: ExpressionScope, { root, keys }: Path): PathLookup {
  if (root === "unconfirmed") return { types: [{ kind: "number" }] };
  if (root === "state") return typesAt(state, keys);
  const found = payloads.map((shape) => typesAt(shape, keys));
  const types = found.flatMap((each) => ("types" in each ? each.types : []));
  if (types.length > 0) return { types };
  const missing = found.flatMap((each) => ("missing" in each ? [each] : []));
  return {
    missing: missing[0]?.missing ?? keys[0] ?? "",
    candidates: missing.flatMap(({ candidates }) => candidates),
  };
}

export function typeMismatches(scope: ExpressionScope, test: Test): readonly TypeMismatch[] {
  const left = pathTypes(scope, test.path);
  if ("missing" in left) return [noSuchPath(scope, test.path, left)];
  const right = test.value?.kind === "path" ? pathTypes(scope, test.value) : undefined;
  if (right && "missing" in right && test.value?.kind === "path") return [noSuchPath(scope, test.value, right)];
  const types = left.types.filter(({ kind }) => kind !== "null");
  if (types.some(({ kind }) => kind === "any")) return [];
  if (test.value?.kind === "list") return test.value.items.flatMap((item) => impossibleEquality(test, types, item));
  const untestable = untestableMismatch(test, types);
  if (untestable) return [untestable];
  if (right && "types" in right) return incomparablePaths(test, types, right.types);
  return test.value?.kind === "literal" ? checkLiteral(test, types, test.value) : [];
}

function noSuchPath(
  { payloads, state, subject = "the payload" }: ExpressionScope,
  path: Path,
  found: Extract<PathLookup, { missing: string }>,
): TypeMismatch {
  const suggestion = didYouMean(found.missing, found.candidates);
  const meant =
    suggestion === undefined
      ? undefined
      : path.text.split(".").map((key) => (key === found.missing ? suggestion : key));
  const inState = path.root === "state";
  const foundInOther = (inState ? payloads : [state]).some((shape) => Object.hasOwn(shape, path.keys[0] ?? ""));
  const [here, there] = [subject, "the reducer's state"];
  const hint = foundInOther && !meant ? ` (${inState ? here : there} has one)` : "";
  const message = `${inState ? there : here} has no ${path.keys.join(".")}${hint}`;
  return { offset: path.offset, length: path.text.length, message, suggestion: meant?.join(".") };
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
  return { offset, length: test.length, message };
}

/** A word with dots is text, as long as it is not a path that went wrong: it would be compared with its own name. */
function misspeltPath({ text, offset }: Literal): readonly TypeMismatch[] {
  const [first = "", ...rest] = text.split(".");
  const suggestion = rest.length > 0 && /^[a-z]/.test(first) ? didYouMean(first, ["state"]) : undefined;
  if (suggestion === undefined) return [];
  const message = `${text} is a text here: a path in the reducer's state begins with state.`;
  return [{ offset, length: text.length, message, suggestion: [suggestion, ...rest].join(".") }];
}

function checkLiteral(test: Test, types: readonly FieldType[], value: Literal): readonly TypeMismatch[] {
  if (test.test === "matches") return [];
  const misspelt = misspeltPath(value);
  if (misspelt.length > 0) return misspelt;
  if (test.test === "contains" || test.test === "lacks") {
    const items = types.flatMap((type) =>
      type.kind === "list" ? type.of : type.kind === "string" ? [{ kind: "string" } as const] : [],
    );
    return impossibleEquality(test, items, value);
  }
  return impossibleEquality(test, types, value);
}

/** A comparison that is false, or true, whatever comes. */
function impossibleEquality({ path }: Test, types: readonly FieldType[], value: Literal): readonly TypeMismatch[] {
  const { offset, text } = value;
  const kind = typeof value.value;
  const sameKind = types.filter((type) => type.kind === kind || type.kind === "any");
  if (sameKind.length === 0) {
    return [
      { offset, length: text.length, message: `${path.text} is ${describeTypes(types)}, and ${text} is a ${kind}` },
    ];
  }
  if (typeof value.value !== "string" || sameKind.some((type) => !("members" in type))) return [];
  const members = sameKind.flatMap((type) => ("members" in type ? (type.members ?? []) : []));
  if (members.includes(value.value)) return [];
  const suggestion = didYouMean(value.value, members);
  return [
    {
      offset,
      length: text.length,
      message: `${path.text} is never ${text}: it is one of ${members.join(", ")}`,
      suggestion,
    },
  ];
}

function incomparablePaths(
  { path, value }: Test,
  left: readonly FieldType[],
  right: readonly FieldType[],
): readonly TypeMismatch[] {
  const kinds = new Set(left.map(({ kind }) => kind));
  if (!value || right.some(({ kind }) => kind === "any" || kinds.has(kind))) return [];
  const message = `${path.text} is ${describeTypes(left)}, and ${value.text} is ${describeTypes(right)}`;
  return [{ offset: value.offset, length: value.text.length, message }];
}

function describeTypes(types: readonly FieldType[]): string {
  const kinds = new Set(
    types.filter(({ kind }) => kind !== "null").map(({ kind }) => (kind === "object" ? "an object" : `a ${kind}`)),
  );
  return [...kinds].join(" or ") || "null";
}
