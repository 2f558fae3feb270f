import type { Mutant } from "../mutants.ts";

const TESTS = ["test/node-registry/consul.unit"];
const INTENTS = "reducers/node-registry/consul.intents.ts";
const REDUCER = "contracts/node-registry/reducer.yaml";

/** Of the registry's nodes in Consul. */
export const REGISTRY_CONSUL_MUTANTS: readonly Mutant[] = [
  {
    defect: "a node that is silent stays in Consul",
    promise: "G10",
    file: REDUCER,
    find: "[leave_consul, keep_silence]",
    replace: "[keep_silence, leave_consul]",
    tests: TESTS,
  },
  {
    defect: "a node that is revoked stays in Consul",
    promise: "G10",
    file: REDUCER,
    find: "[leave_consul, revoke]",
    replace: "[revoke]",
    tests: TESTS,
  },
  {
    defect: "an operator's word brings a node into Consul that is not online",
    promise: "G10",
    file: INTENTS,
    find: "if (!node || entity.state !== ALIVE) return noIntent;",
    replace: "if (!node) return noIntent;",
    tests: TESTS,
  },
  {
    defect: "a node that an operator has taken out is healthy in Consul",
    promise: "G10",
    file: INTENTS,
    find: 'return { status: "critical", note: `${mode}',
    replace: 'return { status: "passing", note: `${mode}',
    tests: TESTS,
  },
  {
    defect: "nodes of different roles are one service",
    promise: "G10",
    file: INTENTS,
    find: 'derivedId("role", role)',
    replace: 'derivedId("role")',
    tests: TESTS,
  },
  {
    defect: "a node passes for a service of something else",
    promise: "G10",
    file: INTENTS,
    find: 'const PREFIX = "node-";',
    replace: 'const PREFIX = "";',
    tests: TESTS,
  },
  {
    defect: "of nodes whose ids differ in case only Consul has one",
    promise: "G10",
    file: INTENTS,
    find: "/[A-Z]/.test(nodeId) ? ",
    replace: '/[A-Z]/.test("") ? ',
    tests: TESTS,
  },
  {
    defect: "a hostname is longer than Consul takes it",
    promise: "G10",
    file: INTENTS,
    find: "code < 0x1_0000 ? 3 : 4",
    replace: "code < 0x1_0000 ? 2 : 4",
    tests: TESTS,
  },
  {
    defect: "what Consul has in another order is repaired again and again",
    promise: "G10",
    file: "reducers/node-registry/consul.drift.ts",
    find: "sortedJson(own[field]) !== sortedJson(desired[field])",
    replace: "JSON.stringify(own[field]) !== JSON.stringify(desired[field])",
    tests: TESTS,
  },
];
