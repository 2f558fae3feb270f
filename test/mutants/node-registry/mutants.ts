import type { Mutant } from "../mutants.ts";

const NODES = "test/node-registry/nodes.unit";
const AGENT = "app/modules/node-registry/agent/node-agent.ts";
const AGENTS = "test/node-registry/agent.unit";
const CLIENT = "test/node-registry/client.int";
const ID_FILE = "app/modules/node-registry/agent/node-id-file.ts";
const MESSAGE = "runtime/core/message.ts";

/** Of the node registry, its client and its agent; and of what the core has for it. */
export const REGISTRY_MUTANTS: readonly Mutant[] = [
  {
    defect: "anybody says what nodes are to go by",
    promise: "G2",
    file: "contracts/node-profile/orchestrator.yaml",
    find: 'when: "caller.privileged is_false"',
    replace: "when: \"caller.id == ''\"",
    tests: [NODES],
  },
  {
    defect: "what is wrong with a field is told by a name that was not sent",
    promise: "G1",
    file: MESSAGE,
    find: "[sentAs.get(field) ?? field, ...rest]",
    replace: "[field, ...rest]",
    tests: [NODES],
  },
  {
    defect: "null under a field's own name hides its other name",
    promise: "G1",
    file: MESSAGE,
    find: "(payload[name] ?? null) !== null",
    replace: "payload[name] !== undefined",
    tests: [NODES],
  },
  {
    defect: "an operator's word ends with a node's registration",
    promise: "G8",
    file: "reducers/node-registry/nodes.reducer.ts",
    find: "return { ...state, node, ...times, said: null, silent_because: null };",
    replace: "return { ...state, node, ...times, said: null, silent_because: null, taken_out: null };",
    tests: [NODES],
  },
  {
    defect: "a node that says maintenance gets work though it is online",
    promise: "G8",
    file: "contracts/node-registry/messages/status.ts",
    find: 'return said?.mode ?? "online";',
    replace: 'return "online";',
    tests: [NODES],
  },
  {
    defect: "an operator's message counts as a node's heartbeat",
    promise: "G8",
    file: "contracts/node-registry/messages/status.ts",
    find: "lease?.renewedAt == null ? data.last_heartbeat_at",
    replace: "lease?.renewedAt == null ? data.updated_at",
    tests: [NODES],
  },
  {
    defect: "daemons that registered together beat together",
    promise: "G8",
    file: AGENT,
    find: "const least = this.#isInStep ? 0 : LEAST_PART;",
    replace: "const least = LEAST_PART;",
    tests: [AGENTS],
  },
  {
    defect: "a daemon forgets the server's Retry-After",
    promise: "G8",
    file: AGENT,
    find: "return this.#retryAfterMs + waitMs;",
    replace: "return waitMs;",
    tests: [AGENTS],
  },
  {
    defect: "a daemon that was answered once begins anew with short waits after each registration",
    promise: "G8",
    file: AGENT,
    find: "    this.#isInStep = true;\n",
    replace: "    this.#isInStep = true;\n    this.#failures = 0;\n",
    tests: [AGENTS],
  },
  {
    defect: "half of an id makes a second node",
    promise: "G1",
    file: ID_FILE,
    find: "return id !== derived && derived.startsWith(id) ?",
    replace: "return id === undefined ?",
    tests: ["test/node-registry/node-id-file.int"],
  },
  {
    defect: "a client takes a list of something else for nodes",
    promise: "G1",
    file: "client/node-registry-client.ts",
    find: "!Array.isArray(body) || !body.every(isNode)",
    replace: "!Array.isArray(body)",
    tests: [CLIENT],
  },
  {
    defect: "a client asks before the server's Retry-After is over",
    promise: "G1",
    file: "client/node-registry-client.ts",
    find: "if (Date.now() < this.#notBeforeMs)",
    replace: "if (this.#notBeforeMs < 0)",
    tests: [CLIENT],
  },
  {
    defect: "a list that was cut counts as one that was answered",
    promise: "G16",
    file: "app/http/gateway/gateway-routes.ts",
    find: 'return cut.has(request) ? "cut" : "left";',
    replace: 'return cut.has(request) ? "sent" : "left";',
    tests: ["test/node-registry/cut-lists.int"],
  },
  {
    defect: "who watches a role does not hear that a node has left it",
    promise: "G15",
    file: "contracts/node-registry/http.yaml",
    find: "role: [role, previous_role]",
    replace: "role: role",
    tests: ["test/node-registry/http.int"],
  },
  {
    defect: "a node can't read what it is to go by",
    promise: "G8",
    file: "app/http/gateway/queries.ts",
    find: "if (!allEntities) assertMayActFor",
    replace: "assertMayActFor",
    tests: ["test/node-registry/http.int"],
  },
  {
    defect: "a stream's reader forgets the server's Retry-After",
    promise: "G16",
    file: "client/retry-later.ts",
    find: "(error instanceof RetryLaterError ? error.waitMs : 0) +",
    replace: "(error instanceof RetryLaterError ? 0 : 0) +",
    tests: ["test/client/resumed-stream.int"],
  },
  {
    defect: "a redirect is followed",
    promise: "G1",
    file: "client/json-request.ts",
    find: 'redirect: "manual",',
    replace: 'redirect: "follow",',
    tests: [CLIENT],
  },
];
