import type { Mutant } from "./mutants.ts";

const LANGUAGE = "test/contract/projections.unit";
const ROWS = "runtime/core/computed-rows.ts";
const ROWS_TEST = "test/core/computed-rows.unit";
const WRITES = "runtime/stored/projection-writes.ts";
const PREPARE = "runtime/shell/projections/prepare-projections.ts";
const SUITE = "test/shell/projections/projections.int";
const QUERY = "runtime/stored/projection-query.ts";

/** Of projections. */
export const PROJECTION_MUTANTS: readonly Mutant[] = [
  {
    defect: "a projection's version in code is not compared with the contract's",
    promise: "G14",
    file: "runtime/contract/checks/check-projections.ts",
    find: "if (code.version !== projection.version)",
    replace: "if (code.version < 0)",
    tests: [LANGUAGE],
  },
  {
    defect: "a column that may be missing passes for one that may be null",
    promise: "G14",
    file: "runtime/contract/model/row-columns.ts",
    find: "const inner = nullable ? field.unwrap() : field;",
    replace: "const inner = nullable || field instanceof z.ZodOptional ? field.unwrap() : field;",
    tests: [LANGUAGE],
  },
  {
    defect: "a changed projection fences every process",
    promise: "G14",
    file: "runtime/contract/reading/contract-set.ts",
    find: "const contracts: Contract[] = sourcesOf(set)",
    replace: "const contracts: Contract[] = allSourcesOf(set)",
    tests: [LANGUAGE],
  },
  {
    defect: "what a row function promises is read as a row, and that it fails ends the process",
    promise: "G11",
    file: ROWS,
    find: "if (value instanceof Promise) {",
    replace: "if (value instanceof Promise && monotonicMs() < 0) {",
    tests: [ROWS_TEST],
  },
  {
    defect: "a NUL in JSON reaches the store, which refuses the turn",
    promise: "G11",
    file: ROWS,
    find: "(text !== value && /(?<!\\\\)(?:\\\\\\\\)*\\\\u0000/.test(text))",
    replace: "false",
    tests: [ROWS_TEST],
  },
  {
    defect: "a row that is too long for its index reaches the store",
    promise: "G11",
    file: ROWS,
    find: "if (index && size > ROW_LIMITS.indexBytes)",
    replace: "if (index && size > 100 * ROW_LIMITS.indexBytes)",
    tests: [ROWS_TEST],
  },
  {
    defect: "a state that is entered anew leaves the rows as they are",
    promise: "G10",
    file: ROWS,
    find: "  before.stateSince === after.stateSince &&\n",
    replace: "",
    tests: [ROWS_TEST],
  },
  {
    defect: "rows that are the same are written again",
    promise: "G12",
    file: WRITES,
    find: "`where (select true from ${table} t where ${isKey}${isSame} limit 1) is null ` +",
    replace: '`where ${isSame === "" ? "true" : "true"} ` +',
    tests: [SUITE],
  },
  {
    defect: "rows that an entity has no more stay",
    promise: "G10",
    file: WRITES,
    find: '...(spec.kind === "rows" && ids.length > 0',
    replace: '...(spec.kind === "rows" && ids.length > 1_000_000',
    tests: [SUITE],
  },
  {
    defect: "a row that the store refuses makes a dead letter of its message",
    promise: "G11",
    file: "runtime/shell/turns/turn-runner.ts",
    find: "if (!isRefusal(error) || !plan.projected) throw error;",
    replace: "if (!isRefusal(error) || !plan.projected || plan.atMs > 0) throw error;",
    tests: [SUITE],
  },
  {
    defect: "a purged entity's rows stay",
    promise: "G10",
    file: "runtime/shell/projections/projected-turn.ts",
    find: "...projections.flatMap((spec) => removeRows(tx, spec, purged)),",
    replace: "",
    tests: [SUITE],
  },
  {
    defect: "a fault stays after the change that mends it",
    promise: "G10",
    file: "runtime/shell/projections/projected-turn.ts",
    find: "entities.map(({ id }) => ({ projection: spec.name, entityId: id }))",
    replace: "entities.flatMap(() => [])",
    tests: [SUITE],
  },
  {
    defect: "an entity leaves a row in a log with each message",
    promise: "G12",
    file: "runtime/shell/projections/turn-logs.ts",
    find: "const slot = Math.floor(message.now / spec.log.everyMs);",
    replace: "const slot = message.now;",
    tests: [SUITE],
  },
  {
    defect: "a process with other projections takes partitions over",
    promise: "G14",
    file: "runtime/shell/partitions/takeover.ts",
    find: "if (differences.length > 0) throw",
    replace: "if (differences.length > 1_000) throw",
    tests: [SUITE],
  },
  {
    defect: "the owner of before goes on while another version is filled",
    promise: "G14",
    file: PREPARE,
    find: "  await fenceOwners(tx, domain.name);\n",
    replace: "",
    tests: [SUITE],
  },
  {
    defect: "code with a lower version of a projection takes it back",
    promise: "G14",
    file: PREPARE,
    find: "if (spec.version < stored.version)",
    replace: "if (spec.version < 0)",
    tests: [SUITE],
  },
  {
    defect: "a page begins behind the first row of equal ones",
    promise: "G10",
    file: QUERY,
    find: "before.push(bound === undefined ? `${own} is null` : `${own} = ${bound}`);",
    replace: "before.push(bound === undefined ? `${own} is null` : `${own} > ${bound}`);",
    tests: [SUITE],
  },
  {
    defect: "rows are filtered by a column without an index",
    promise: "G12",
    file: "runtime/core/rows-query.ts",
    find: "if (index === undefined && name !== key[0]) return [];",
    replace: "",
    tests: [SUITE, "test/gateway/lists.unit"],
  },
];
