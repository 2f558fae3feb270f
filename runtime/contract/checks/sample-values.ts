import type { Literal, Path, Test } from "../../core/expression.ts";
import { type Scope, typesOf } from "./expression-types.ts";
import type { FieldType } from "./field-types.ts";

/** A value to try; undefined is absent. */
export interface Candidate {
  readonly value: unknown;
  readonly text: string;
}

const ITEMS_MAX = 5;
const OTHER_TEXT = "(another text)";

/** The values of a path that could make a difference to these tests. */
export function candidatesFor(path: Path, tests: readonly Test[], scope: Scope): readonly Candidate[] {
  if (path.root === "unconfirmed")
    return numbers(tests).filter(({ value }) => Number.isInteger(value) && Number(value) >= 0);
  const found = typesOf(scope, path);
  const types = "types" in found ? found.types : [];
  const values = types.flatMap((type) => valuesOf(type, path, tests));
  return unique([{ value: undefined, text: "absent" }, ...values]);
}

function valuesOf(type: FieldType, path: Path, tests: readonly Test[]): readonly Candidate[] {
  switch (type.kind) {
    case "number":
      return numbers(tests);
    case "boolean":
      return [true, false].map(plain);
    case "string":
      return type.members ? type.members.map(plain) : texts(path, tests);
    case "list":
      return subsets(constantsOf(tests.filter(({ path: { text } }) => text === path.text))).map(plain);
    case "object":
      return [{ value: {}, text: "an object" }];
    case "any":
      return [...numbers(tests), ...[true, false].map(plain), ...texts(path, tests), plain({})];
    case "null":
      return [];
  }
}

/** Each constant, what lies beside it, and enough numbers for paths that are compared with one another. */
function numbers(tests: readonly Test[]): readonly Candidate[] {
  const constants = constantsOf(tests).filter((value) => typeof value === "number");
  return unique(
    [0, 1, 2, ...constants.flatMap((value) => [value - 1, value - 0.5, value, value + 0.5, value + 1])].map(plain),
  );
}

/** Each constant, the text that follows it in order, one before and one after all, and what contains several. */
function texts(path: Path, tests: readonly Test[]): readonly Candidate[] {
  const constants = constantsOf(tests).filter((value) => typeof value === "string");
  const contained = constantsOf(tests.filter(({ test, path: { text } }) => test === "contains" && text === path.text));
  const joined = subsets(contained).map((parts) => parts.join(" "));
  return unique(
    [...["", OTHER_TEXT, "\uffff"], ...constants.flatMap((text) => [text, `${text}\u0000`]), ...joined].map(plain),
  );
}

function constantsOf(tests: readonly Test[]): readonly Literal["value"][] {
  const literals = tests.flatMap(({ value }) => {
    if (value?.kind === "list") return value.items;
    return value?.kind === "literal" ? [value] : [];
  });
  return [...new Set(literals.map(({ value }) => value))];
}

function subsets<Item>(items: readonly Item[]): readonly (readonly Item[])[] {
  return items
    .slice(0, ITEMS_MAX)
    .reduce<readonly (readonly Item[])[]>((sets, item) => [...sets, ...sets.map((set) => [...set, item])], [[]]);
}

const plain = (value: unknown): Candidate => ({ value, text: JSON.stringify(value) });
const unique = (candidates: readonly Candidate[]): readonly Candidate[] => [
  ...new Map(candidates.map((each) => [each.text, each])).values(),
];
