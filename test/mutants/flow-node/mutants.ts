import type { Mutant } from "../mutants.ts";

const NODES = "test/flow-node/flow-nodes.unit";
const FLOWS = "test/flow-node/flows.unit";
const PLAN = "test/flow-node/asking.unit";
const ASKING = "test/flow-node/asking.int";
const HTTP = "test/flow-node/http.int";
const ASK_NODE = "app/modules/flow-node/asking/ask-node.ts";

/** Of the registry of flow nodes, and of what the language has for it. */
export const FLOW_NODE_MUTANTS: readonly Mutant[] = [
  {
    defect: "a flow with a field of blanks is listed",
    promise: "G1",
    file: "contracts/flow-node/messages/flow.ts",
    find: 'value.trim() !== ""',
    replace: 'value !== ""',
    tests: [FLOWS],
  },
  {
    defect: "of flows with one path the last one is listed too",
    promise: "G1",
    file: "contracts/flow-node/messages/flow.ts",
    find: "if (flow && earlier === undefined)",
    replace: "if (flow)",
    tests: [FLOWS],
  },
  {
    defect: "a node that is heard of at exactly 300 s is not alive",
    promise: "G8",
    file: "runtime/contract/language/schema-parts.ts",
    find: "return ms === undefined ? undefined : ms + 1;",
    replace: "return ms;",
    tests: [NODES],
  },
  {
    defect: "a node that has said goodbye is online",
    promise: "G8",
    file: "reducers/flow-node/flow-nodes.reducer.ts",
    find: "({ ...state, online: null, heartbeat, told: null })",
    replace: "({ ...state, heartbeat, told: null })",
    tests: [NODES],
  },
  {
    defect: "a node that was revoked and is admitted again offers its flows of before",
    promise: "G8",
    file: "reducers/flow-node/flow-nodes.reducer.ts",
    find: "...FlowNodeState.parse({}), admitted",
    replace: "..._state, revoked: null, admitted",
    tests: [NODES],
  },
  {
    defect: "each beat that tells something new is written",
    promise: "G13",
    file: "nodes/flow-node/node-beat.handler.ts",
    find: "now - Date.parse(data.told.at) < TOLD_EVERY_MS",
    replace: "now < Date.parse(data.told.at)",
    tests: [NODES],
  },
  {
    defect: "what a node tells has no end",
    promise: "G7",
    file: "nodes/flow-node/node-beat.handler.ts",
    find: "new TextEncoder().encode(text).length > STATE_BYTES_MAX",
    replace: "false",
    tests: [NODES],
  },
  {
    defect: "a registry asks the address at which a machine is told its secrets",
    promise: "G2",
    file: "app/modules/flow-node/asking/allowed-address.ts",
    find: "!NEVER.check(address, family) && ",
    replace: "",
    tests: [PLAN],
  },
  {
    defect: "a name that means another address a moment later is asked there",
    promise: "G2",
    file: ASK_NODE,
    find: "respond(node, address, Number(port), signal)",
    replace: "respond(node, host, Number(port), signal)",
    tests: [ASKING],
  },
  {
    defect: "an answer is read to its end, however long it is",
    promise: "G7",
    file: ASK_NODE,
    find: 'if (bytes > STATE_BYTES_MAX) return { result: "too_large" };',
    replace: "",
    tests: [ASKING],
  },
  {
    defect: "any answer counts as a sign of life",
    promise: "G8",
    file: ASK_NODE,
    find: 'if (statusCode !== 200) return { result: "refused" };',
    replace: "",
    tests: [ASKING],
  },
  {
    defect: "a node that failed once is not asked again before it counts as not alive",
    promise: "G8",
    file: "app/modules/flow-node/asking/ask-plan.ts",
    find: "(isAlive && nowMs >= lastMs && asking.askedMs < lastMs)",
    replace: "false",
    tests: [PLAN],
  },
  {
    defect: "what can't be stored of an answer makes it none",
    promise: "G8",
    file: "app/modules/flow-node/asking/ask-silent-nodes.ts",
    find: 'await publish("NodeBeat", { node: beat["node"] });',
    replace: "throw error;",
    tests: [ASKING],
  },
  {
    defect: "a node is warned of paths that nobody offers any more",
    promise: "G1",
    file: "app/modules/flow-node/shared-paths.ts",
    find: " and n.status <> 'revoked'",
    replace: "",
    tests: [HTTP],
  },
  {
    defect: "a command that was carried out fails with what is told beside it",
    promise: "G3",
    file: "app/http/gateway/command-answer.ts",
    find: "showing).catch(() => undefined);",
    replace: "showing);",
    tests: [HTTP],
  },
  {
    defect: "what a call has purged is no operator's decision",
    promise: "G2",
    file: "app/http/gateway/host-acts.ts",
    find: "await recordOperatorDecision(",
    replace: "void (() => {})(); if (name === '') await recordOperatorDecision(",
    tests: [HTTP],
  },
  {
    defect: "a node is alive beside an old sign of life, and nobody says why",
    promise: "G8",
    file: "app/modules/flow-node/gateway.ts",
    find: "now > expiresAtMs + DECIDED_WITHIN_MS",
    replace: "now > expiresAtMs * 2",
    tests: ["test/flow-node/held.unit"],
  },
];
