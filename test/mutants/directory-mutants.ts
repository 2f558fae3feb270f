import type { Mutant } from "./mutants.ts";

const STORED = "runtime/stored/directory.ts";
const DIRECTORY = "test/directory/directory.int";

/** Of the directory of all domains. */
export const DIRECTORY_MUTANTS: readonly Mutant[] = [
  {
    defect: "entries of a domain that nobody serves pass for those of today",
    promise: "G16",
    file: STORED,
    find: "coalesce(max(o.served_at) > clock_timestamp()",
    replace: "coalesce(max(o.served_at) < clock_timestamp()",
    tests: [DIRECTORY],
  },
  {
    defect: "a page of the directory begins its domain again",
    promise: "G16",
    file: STORED,
    find: "after?.[0] === part.domain ?",
    replace: "after?.[1] === part.domain ?",
    tests: [DIRECTORY],
  },
  {
    defect: "an entry of the directory has one of the labels",
    promise: "G16",
    file: STORED,
    find: 'column: "labels", test: "all" as const',
    replace: 'column: "labels", test: "any" as const',
    tests: [DIRECTORY],
  },
  {
    defect: "a domain has a directory of its own shape",
    promise: "G16",
    file: "runtime/contract/checks/check-directory.ts",
    find: 'if (kind !== "row" || columns !==',
    replace: 'if (kind !== "row" && columns !==',
    tests: ["test/directory/checks.unit"],
  },
];
