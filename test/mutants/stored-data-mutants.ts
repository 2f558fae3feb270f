import type { Mutant } from "./mutants.ts";

const LOAD = "runtime/core/entity-data.ts";
const LOAD_TEST = "test/core/entity-data.unit";
const IN_FORCE = "runtime/shell/contract-in-force.ts";
const VERSION_TEST = "test/shell/state-version.int";
const RUNNER = "runtime/shell/turns/turn-runner.ts";
const HOLD = "runtime/shell/turns/hold-unreadable.ts";
const HELD_TEST = "test/shell/turns/held-items.unit";
const UNREADABLE_TEST = "test/shell/turns/unreadable-entities.int";

/** Of data that another version of the code has stored. */
export const STORED_DATA_MUTANTS: readonly Mutant[] = [
  {
    defect: "what an earlier version has stored is parsed as it is",
    promise: "G14",
    file: LOAD,
    find: "const data = upcast && isObject(stored) ? upcasted(upcast, stored) : stored;",
    replace: "const data = upcast && isObject(stored) ? (upcasted(upcast, stored), stored) : stored;",
    tests: [LOAD_TEST],
  },
  {
    defect: "keys that the schema does not declare are dropped where an entity is read",
    promise: "G14",
    file: LOAD,
    find: "if (parsed.success) return withUndeclared(data, parsed.data);",
    replace: "if (parsed.success) return withUndeclared(parsed.data, parsed.data);",
    tests: [LOAD_TEST],
  },
  {
    defect: "a turn takes an entity's data as it is stored",
    promise: "G14",
    file: "runtime/shell/turns/turn-planner.ts",
    find: "return this.#internedValues.internEntity(loaded);",
    replace: "return this.#internedValues.internEntity(loaded && entity);",
    tests: [VERSION_TEST],
  },
  {
    defect: "code with a lower stateVersion takes partitions over",
    promise: "G14",
    file: IN_FORCE,
    find: "(inForce.hash !== hash || inForce.stateVersion > stateVersion)",
    replace: "(inForce.hash !== hash || inForce.stateVersion > stateVersion + 1_000)",
    tests: [VERSION_TEST],
  },
  {
    defect: "a higher stateVersion comes in force without a trial",
    promise: "G14",
    file: IN_FORCE,
    find: "if (!expected || expected.stateVersion >= next.stateVersion) return undefined;",
    replace: "if (!expected || expected.stateVersion >= next.stateVersion - 1) return undefined;",
    tests: [VERSION_TEST],
  },
  {
    defect: "what changes during the trial is not tried again",
    promise: "G14",
    file: IN_FORCE,
    find: "await trial?.tryChanged(tx);",
    replace: "",
    tests: [VERSION_TEST],
  },
  {
    defect: "a lower stateVersion comes in force again",
    promise: "G14",
    file: IN_FORCE,
    find: "if (inForce && inForce.stateVersion > next.stateVersion) return [olderStateVersion(next, inForce)];",
    replace: "",
    tests: [VERSION_TEST],
  },
  {
    defect: "a start keeps to the lower stateVersion where its folder's contracts were replaced",
    promise: "G14",
    file: "app/host/contracts-in-force.ts",
    find: "if (current.stateVersion !== stateVersion) await applyContracts(store, inForce, change);",
    replace: "",
    tests: ["test/host/state-version.int"],
  },
  {
    defect: "the deadline of an entity that can't be read is lost once it has fired",
    promise: "G7",
    file: RUNNER,
    find: 'if (item.kind === "deadline") this.#hooks.onOutdatedFiring(item.due);',
    replace: 'if (item.kind === "deadline") return;',
    tests: [UNREADABLE_TEST],
  },
  {
    defect: "the deadline of an entity that can't be read fires again and again",
    promise: "G7",
    file: "runtime/shell/deadlines/deadline-scheduler.ts",
    find: "if (held.unreadable.has(due.entityId))",
    replace: 'if (held.unreadable.has(""))',
    tests: [UNREADABLE_TEST],
  },
  {
    defect: "the outcome of an entity that can't be read is lost",
    promise: "G10",
    file: HOLD,
    find: 'if (item.kind === "deadline" || item.kind === "settled") held.push(item);',
    replace: 'if (item.kind === "deadline") held.push(item);',
    tests: [UNREADABLE_TEST],
  },
  {
    defect: "a next owner is not confirmed what was published of an entity that can't be read",
    promise: "G10",
    file: HOLD,
    find: "for (const { seq } of waiting) item.partition.heldEvents.add(seq);",
    replace: "",
    tests: [HELD_TEST],
  },
  {
    defect: "a confirmed publish of an entity that can't be read is lost",
    promise: "G10",
    file: HOLD,
    find: "held.push(...waiting.map(",
    replace: "held.push(...waiting.slice(waiting.length).map(",
    tests: [HELD_TEST],
  },
  {
    defect: "a record about an entity that can't be read is lost",
    promise: "G1",
    file: HOLD,
    find: 'return [{ kind: "dead_letter", item, code: "ENTITY_UNREADABLE", error, sealed }];',
    replace: 'return [{ kind: "bookkeeping", item: error ? item : each.item }];',
    tests: [UNREADABLE_TEST],
  },
  {
    defect: "what a backend holds of an entity that can't be read is deleted",
    promise: "G10",
    file: "runtime/shell/reconciliation/drift-scan.ts",
    find: 'return "unreadable";',
    replace: "return undefined;",
    tests: ["test/shell/reconciliation/reconciler.int"],
  },
  {
    defect: "a replay goes on from what an earlier version has stored",
    promise: "G13",
    file: "runtime/replay/entity-histories.ts",
    find: "current.entity = loadEntity(domain, entity);",
    replace: "current.entity = loadEntity(domain, entity) && entity;",
    tests: ["test/replay/replay.unit"],
  },
  {
    defect: "an entity's first line of a day has no stateVersion",
    promise: "G13",
    file: "runtime/shell/turns/new-lines.ts",
    find: "state_version: stateVersion,",
    replace: "state_version: stateVersion * 0,",
    tests: ["test/shell/turns/first-line-of-a-day.unit"],
  },
  {
    defect: "a plan tries only entities with lines in its time",
    promise: "G14",
    file: "runtime/stored/journal.ts",
    find: "const knownFrom = since && !options.hasAllEntities ? bounds.first : 0;",
    replace: "const knownFrom = since ? bounds.first : 0;",
    tests: ["test/replay/replay-command.int"],
  },
  {
    defect: "a test of a domain does not see that an update returns other than is read back",
    promise: "G14",
    file: "app/testing/memory-domain.ts",
    find: "assertReadBack(this.#domain, decision.entity);",
    replace: "",
    tests: ["test/testing/stored.unit"],
  },
];
