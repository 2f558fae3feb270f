import type { Literal, Path, Test } from "../../core/expression.ts";
import { closureOf } from "../model/closure.ts";
import { uniqueItems } from "../model/first-by-key.ts";
import { type ExpressionScope, pathTypes, testsMembership } from "./expression-types.ts";
import type { FieldType } from "./field-types.ts";

/** Each item that `contains` or `lacks` asks for doubles the sets to try. */
const ITEMS_MAX = 8;

/**
 * The values of a path that could make a difference to these tests, absent (undefined) among them; undefined where they
 * are too many to name.
 */
export function candidateValues(
  path: Path,
  tests: readonly Test[],
  scope: ExpressionScope,
): readonly unknown[] | undefined {
  const comparedGroup = comparedPaths(path, tests);
  const relevantTests = tests.filter(({ path: { text } }) => comparedGroup.has(text));
  const constants = constantsOf(relevantTests);
  const items = constantsOf(relevantTests.filter(testsMembership));
  const unnamed = relevantTests.some((test) => testsMembership(test) && test.value?.kind === "path");
  if (unnamed || items.length > ITEMS_MAX) return undefined;
  const seen = { constants, items, paths: comparedGroup.size };
  if (path.root === "unconfirmed") return integers(seen).filter((value) => value >= 0);
  const found = pathTypes(scope, path);
  const values = "types" in found ? found.types.flatMap((type) => candidatesOfType(type, seen)) : [];
  return uniqueItems([undefined, ...values]);
}

/** The values in the tests of a path, and in those of the paths that it is compared with. */
interface ComparedValues {
  readonly constants: readonly Literal["value"][];
  readonly items: readonly Literal["value"][];
  readonly paths: number;
}

function candidatesOfType(type: FieldType, seen: ComparedValues): readonly unknown[] {
  switch (type.kind) {
    case "number":
      return type.integer ? integers(seen) : numbers(seen);
    case "boolean":
      return [true, false];
    case "string":
      return type.members ?? texts(seen);
    case "list":
      return subsets(seen.items);
    case "object":
      return [{}];
    case "any":
      return [...numbers(seen), ...texts(seen), ...subsets(seen.items), true, false, {}];
    case "null":
      return [];
  }
}

/** Each constant and its neighbours: as many on each side as there are paths to be distinguished. */
const integers = ({ constants, paths }: ComparedValues): readonly number[] =>
  uniqueItems(
    [0, ...numbersAmong(constants)].flatMap((value) => range(Math.ceil(value) - paths, Math.floor(value) + paths)),
  );

/** Each constant, and between any two of them as many numbers as there are paths to be distinguished. */
function numbers({ constants, paths }: ComparedValues): readonly number[] {
  const base = [...new Set([0, ...numbersAmong(constants)])].sort((one, other) => one - other);
  const steps = range(1, paths);
  const [lowest = 0, highest = 0] = [base[0], base.at(-1)];
  const between = base.slice(1).flatMap((high, index) => {
    const low = base[index] ?? lowest;
    return steps.map((step) => low + ((high - low) * step) / (paths + 1));
  });
  return uniqueItems([...base, ...between, ...steps.flatMap((step) => [lowest - step, highest + step])]);
}

/** Each constant, as many texts after it as there are paths to be distinguished, and one that contains several. */
function texts({ constants, items, paths }: ComparedValues): readonly string[] {
  const base = ["", ...constants.filter((value) => typeof value === "string")];
  const behind = base.flatMap((text) => range(1, paths).map((step) => `${text}${String.fromCharCode(step)}`));
  const joined = subsets(items).map((parts) => parts.join(" "));
  return uniqueItems([...base, ...behind, ...joined]);
}

/** A path and those that tests compare with it, directly or by way of others. */
function comparedPaths({ text }: Path, tests: readonly Test[]): ReadonlySet<string> {
  const pairs = tests.flatMap(({ path, value }) => (value?.kind === "path" ? [[path.text, value.text]] : []));
  return closureOf([text], (each) => pairs.filter((pair) => pair.includes(each)).flat());
}

function constantsOf(tests: readonly Test[]): readonly Literal["value"][] {
  const literals = tests.flatMap(({ value }) => {
    if (value?.kind === "list") return value.items;
    return value?.kind === "literal" ? [value] : [];
  });
  return [...new Set(literals.map(({ value }) => value))];
}

const subsets = <Item>(items: readonly Item[]): readonly (readonly Item[])[] =>
  items.reduce<readonly (readonly Item[])[]>((sets, item) => [...sets, ...sets.map((set) => [...set, item])], [[]]);

const numbersAmong = (values: readonly Literal["value"][]) => values.filter((value) => typeof value === "number");
const range = (from: number, to: number): readonly number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);
