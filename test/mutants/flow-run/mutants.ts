import type { Mutant } from "../mutants.ts";

const RUNS = "test/flow-run/run.unit";
const LINKS = "test/flow-run/registry-link.unit";
const LINK = "app/modules/flow-run/registries/registry-link.ts";
const PROCESSES = "test/effects/process.int";
const HTTP = "test/flow-run/http.int";
const RUNNER = "effects/process/runner.ts";
const CHILD = "effects/process/child-run.ts";
const TREE = "effects/process/process-tree.ts";
const PEOPLE = "nodes/flow-run/people.handler.ts";
const REPORTS = "nodes/flow-run/reports.handler.ts";

/** Of nodes that run flows. */
export const FLOW_RUN_MUTANTS: readonly Mutant[] = [
  {
    defect: "a report that comes twice counts twice",
    promise: "G1",
    file: REPORTS,
    find: "nth > data.reported ?",
    replace: "nth >= data.reported ?",
    tests: [RUNS],
  },
  {
    defect: "an answer that comes before its question is forgotten",
    promise: "G1",
    file: REPORTS,
    find: "if (!kept) return [locked];",
    replace: "if (!kept || lid) return [locked];",
    tests: [RUNS],
  },
  {
    defect: "of two answers to one question the second counts too",
    promise: "G1",
    file: PEOPLE,
    find: "answered.includes(lid) || ",
    replace: "",
    tests: [RUNS],
  },
  {
    defect: "an answer counts after its time",
    promise: "G1",
    file: PEOPLE,
    find: "if (Date.parse(open.expires_at) < now)",
    replace: "if (Date.parse(open.expires_at) < 0)",
    tests: [RUNS],
  },
  {
    defect: "a run that has ended leaves its processes",
    promise: "G5",
    file: "contracts/flow-run/reducer.yaml",
    find: "actions: [keep_error, stop_process]",
    replace: "actions: [keep_error]",
    tests: [RUNS],
  },
  {
    defect: "a run that was begun before a crash is begun again",
    promise: "G5",
    file: RUNNER,
    find: "if (this.#folder.hasBegun(runId)) {",
    replace: "if (runId === undefined) {",
    tests: [PROCESSES],
  },
  {
    defect: "more runs go on at once than may",
    promise: "G5",
    file: RUNNER,
    find: "this.#active.size >= this.#options.concurrency",
    replace: "this.#active.size > this.#options.concurrency",
    tests: [PROCESSES],
  },
  {
    defect: "a program that was left by its leader is not killed hard",
    promise: "G5",
    file: TREE,
    find: 'if (!signalAll(tree, "SIGKILL")) return;',
    replace: "if (tree.mark) return;",
    tests: [PROCESSES],
  },
  {
    defect: "what is in a session of its own lives on",
    promise: "G5",
    file: TREE,
    find: "return group === groupId || hasEntry(id, entry);",
    replace: "return group === groupId && hasEntry(id, entry);",
    tests: [PROCESSES],
  },
  {
    defect: "the end of a run ends another one, whose id begins as its own",
    promise: "G5",
    file: TREE,
    find: '${mark.endsWith("/") ? "" : "\\0"}',
    replace: "",
    tests: [PROCESSES],
  },
  {
    defect: "a stdout that is held open keeps a run from its end",
    promise: "G5",
    file: CHILD,
    find: "idleMs < IDLE_MS && waitedMs < DRAIN_MS",
    replace: "idleMs < IDLE_MS * 1_000",
    tests: [PROCESSES],
  },
  {
    defect: "a program is given the node's environment",
    promise: "G2",
    file: CHILD,
    find: 'env: { PATH: process.env["PATH"] ?? PATH,',
    replace: "env: { ...process.env,",
    tests: [PROCESSES],
  },
  {
    defect: "a log is kept whole",
    promise: "G5",
    file: CHILD,
    find: "if (++this.#logLines <= RUN_LIMITS.logLines)",
    replace: "if (++this.#logLines <= RUN_LIMITS.logLines * 1_000)",
    tests: [PROCESSES],
  },
  {
    defect: "the time in which a run waits for people counts",
    promise: "G5",
    file: "effects/process/active-run.ts",
    find: "    this.#lids.add(lid);\n    this.#pauseTimer();",
    replace: "    this.#lids.add(lid);",
    tests: [PROCESSES],
  },
  {
    defect: "a call to an address is sent on elsewhere",
    promise: "G2",
    file: "effects/process/http-run.ts",
    find: 'redirect: "manual"',
    replace: 'redirect: "follow"',
    tests: [PROCESSES],
  },
  {
    defect: "a flow that the node can't run is launched",
    promise: "G1",
    file: "app/modules/flow-run/gateway.ts",
    find: 'offered?.runnable ? "runnable" : offered ? "listed" : "unknown"',
    replace: '"runnable"',
    tests: [HTTP],
  },
  {
    defect: "a connect ends the back-off",
    promise: "G5",
    file: LINK,
    find: "    this.#isConnected = true;\n",
    replace: "    this.#isConnected = true;\n    this.#failures = 0;\n",
    tests: [LINKS],
  },
  {
    defect: "Retry-After is not kept",
    promise: "G5",
    file: LINK,
    find: "return this.#retryAfterMs + backOffMs",
    replace: "return backOffMs",
    tests: [LINKS],
  },
  {
    defect: "a node that is not admitted asks again like any other",
    promise: "G5",
    file: LINK,
    find: "if (failure instanceof RefusedError) return REFUSED_WAIT_MS * (0.5 + share);",
    replace: "",
    tests: [LINKS],
  },
];
