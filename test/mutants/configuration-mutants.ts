import type { Mutant } from "./mutants.ts";

const EFFECTS = "test/contract/configured-effects.unit";
const STARTS = "test/host/configuration.int";
const IN_FORCE = "app/host/contracts-in-force.ts";

/** Of effects that are there where a variable is set, and of processes that are configured otherwise. */
export const CONFIGURATION_MUTANTS: readonly Mutant[] = [
  {
    defect: "what nothing carries out is asked for all the same",
    promise: "G14",
    file: "runtime/contract/model/domain-model.ts",
    find: "set.leftOut.length === 0 ? asking",
    replace: "set.leftOut.length >= 0 ? asking",
    tests: [EFFECTS],
  },
  {
    defect: "a backend that nothing writes to is compared",
    promise: "G10",
    file: "runtime/contract/compile/compile-domain.ts",
    find: "set.leftOut.length === 0 || written.has(backend)",
    replace: "set.leftOut.length >= 0 || written.has(backend)",
    tests: [EFFECTS],
  },
  {
    defect: "check explores only what is there where everything is set",
    promise: "G14",
    file: "runtime/contract/exploration/check-model.ts",
    find: "    .slice(1)\n    .map((unset) => ({ unset,",
    replace: "    .slice(9)\n    .map((unset) => ({ unset,",
    tests: [EFFECTS],
  },
  {
    defect: "what can't be undone in some configuration passes the checks",
    promise: "G14",
    file: "runtime/contract/checks/check-configuration.ts",
    find: "yield* separatedCompensations(model);",
    replace: "void separatedCompensations;",
    tests: [EFFECTS],
  },
  {
    defect: "a start takes a domain from processes that are configured otherwise",
    promise: "G14",
    file: IN_FORCE,
    find: "if (differences.length > 0 && (await",
    replace: "if (differences.length > 99 && (await",
    tests: [STARTS],
  },
  {
    defect: "a variable that is set again has no effect",
    promise: "G14",
    file: IN_FORCE,
    find: "options.isShared && differences.length === 0;",
    replace: "options.isShared;",
    tests: [STARTS],
  },
  {
    defect: "a process runs contracts that are for another configuration",
    promise: "G14",
    file: "app/host/reloading-runtime.ts",
    find: "refuseOtherConfiguration(next, folder);",
    replace: "void [refuseOtherConfiguration, folder];",
    tests: [STARTS],
  },
  {
    defect: "a domain is not ready while a backend is away that no entity waits for",
    promise: "G11",
    file: "app/host/troubles/domain-troubles.ts",
    find: 'blocks: backendsAwaited ? wholeOf(surroundings) : "nothing",',
    replace: "blocks: wholeOf(surroundings),",
    tests: ["test/host/list-troubles.unit"],
  },
];
