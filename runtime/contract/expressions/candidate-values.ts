import type { Literal, Path, Test } from "../../core/expression.ts";
import { closureOf } from "../model/closure.ts";
import { type ExpressionScope, pathTypes } from "./expression-types.ts";
import type { FieldType } from "./field-types.ts";

/** A value to try; undefined is absent. */
export interface CandidateValue {
  readonly value: unknown;
  readonly label: string;
}

/** Each item that `contains` or `lacks` asks for doubles the sets to try. */
const ITEMS_MAX = 8;

/** The values of a path that could make a difference to these tests; undefined where they are too many to name. */
export function candidateValues(
  path: Path,
  tests: readonly Test[],
  scope: ExpressionScope,
): readonly CandidateValue[] | undefined {
  const comparedGroup = comparedPaths(path, tests);
  const relevantTests = tests.filter(({ path: { text } }) => comparedGroup.has(text));
  const constants = constantsOf(relevantTests);
  const items = constantsOf(relevantTests.filter(testsMembership));
  const unnamed = relevantTests.some((test) => testsMembership(test) && test.value?.kind === "path");
  if (unnamed || items.length > ITEMS_MAX) return undefined;
  const seen = { constants, items, paths: comparedGroup.size };
  if (path.root === "unconfirmed") return integers(seen).filter(({ value }) => Number(value) >= 0);
  const found = pathTypes(scope, path);
  const values = "types" in found ? found.types.flatMap((type) => candidatesOfType(type, seen)) : [];
  return unique([{ value: undefined, label: "absent" }, ...values]);
}

const testsMembership = ({ test }: Test): boolean => test === "contains" || test === "lacks";

/** The values in the tests of a path, and in those of the paths that it is compared with. */
interface ComparedValues {
  readonly constants: readonly Literal["value"][];
  readonly items: readonly Literal["value"][];
  readonly paths: number;
}

function candidatesOfType(type: FieldType, seen: ComparedValues): readonly CandidateValue[] {
  switch (type.kind) {
    case "number":
      return type.integer ? integers(seen) : numbers(seen);
    case "boolean":
      return [true, false].map(plain);
    case "string":
      return type.members ? type.members.map(plain) : texts(seen);
    case "list":
      return subsets(seen.items).map(plain);
    case "object":
      return [{ value: {}, label: "an object" }];
    case "any":
      return [...numbers(seen), ...texts(seen), ...subsets(seen.items).map(plain), ...[true, false, {}].map(plain)];
    case "null":
      return [];
  }
}

/** Each constant and its neighbours: as many on each side as there are paths to be distinguished. */
function integers({ constants, paths }: ComparedValues): readonly CandidateValue[] {
  const base = [0, ...numbersAmong(constants)];
  const steps = upTo(paths);
  return unique(
    base
      .flatMap((value) => [
        ...[...steps].reverse().map((step) => Math.ceil(value) - step),
        ...(Number.isInteger(value) ? [value] : []),
        ...steps.map((step) => Math.floor(value) + step),
      ])
      .map(plain),
  );
}

/** Each constant, and between any two of them as many numbers as there are paths to be distinguished. */
function numbers({ constants, paths }: ComparedValues): readonly CandidateValue[] {
  const base = [...new Set([0, ...numbersAmong(constants)])].sort((one, other) => one - other);
  const steps = upTo(paths);
  const [lowest = 0, highest = 0] = [base[0], base.at(-1)];
  const between = base.slice(1).flatMap((high, index) => {
    const low = base[index] ?? lowest;
    return steps.map((step) => low + ((high - low) * step) / (paths + 1));
  });
  return unique([...base, ...between, ...steps.flatMap((step) => [lowest - step, highest + step])].map(plain));
}

/** Each constant, as many texts after it as there are paths to be distinguished, and one that contains several. */
function texts({ constants, items, paths }: ComparedValues): readonly CandidateValue[] {
  const base = ["", ...constants.filter((value) => typeof value === "string")];
  const behind = base.flatMap((text) => upTo(paths).map((step) => `${text}${String.fromCharCode(step)}`));
  const joined = subsets(items).map((parts) => parts.join(" "));
  return unique([...base, ...behind, ...joined].map(plain));
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
const upTo = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index + 1);
const plain = (value: unknown): CandidateValue => ({ value, label: JSON.stringify(value) });
const unique = (candidates: readonly CandidateValue[]): readonly CandidateValue[] => [
  ...new Map(candidates.map((each) => [each.label, each])).values(),
];
