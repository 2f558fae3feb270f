import type { Mutant } from "./mutants.ts";

const REPLIES = "runtime/contract/checks/check-replies.ts";
const CHECKS = "test/gateway/checks.unit";
const PURE = "test/gateway/pure.unit";
const COMMANDS = "test/gateway/commands.int";
const DOORS = "test/gateway/doors.int";
const STREAMS = "test/gateway/streams.int";
const CONFORMANCE = "test/gateway/conformance";
const ADMISSION = "app/http/gateway/admission.ts";

const LISTS = "test/gateway/lists.int";
const LIST_CHECKS = "test/gateway/lists.unit";

/** Of gateways. */
export const GATEWAY_MUTANTS: readonly Mutant[] = [
  {
    defect: "a state in which nothing happens needs no reply",
    promise: "G14",
    file: REPLIES,
    find: "if (missing.length === 0) continue;",
    replace: "continue;",
    tests: [CHECKS],
  },
  {
    defect: "a reply behind one that takes all of it passes the checks",
    promise: "G14",
    file: REPLIES,
    find: "if (isCovered) yield",
    replace: "if (isCovered && taken.size < 0) yield",
    tests: [CHECKS],
  },
  {
    defect: "two domains of a process may have the same route",
    promise: "G14",
    file: "runtime/contract/checks/check-gateways.ts",
    find: "if (earlier && isNew) {",
    replace: "if (earlier && isNew && before.length === 0) {",
    tests: [CHECKS],
  },
  {
    defect: "a changed path fences all processes",
    promise: "G14",
    file: "runtime/contract/reading/contract-set.ts",
    find: "const contracts: Contract[] = sourcesOf(set).map(",
    replace: "const contracts: Contract[] = [...sourcesOf(set), ...set.gateways].map(",
    tests: [CHECKS],
  },
  {
    defect: "a route with a placeholder takes what another one has by its text",
    promise: "G16",
    file: "runtime/gateway/route-table.ts",
    find: "  if (found) return found;",
    replace: "  if (found && !at.parameter) return found;",
    tests: [PURE],
  },
  {
    defect: "an encoded slash is a part of an id",
    promise: "G16",
    file: "runtime/gateway/request-path.ts",
    find: "%2f|%5c|",
    replace: "%5c|",
    tests: [PURE],
  },
  {
    defect: "what the body says of an id counts before the path",
    promise: "G16",
    file: "runtime/gateway/payload.ts",
    find: "return { ...body, ...Object.fromEntries(named) };",
    replace: "return { ...Object.fromEntries(named), ...body };",
    tests: [PURE],
  },
  {
    defect: "a reply for a state fits where something happened",
    promise: "G16",
    file: "runtime/gateway/replies.ts",
    find: '"states" in fits && outcome.events.length === 0',
    replace: '"states" in fits',
    tests: [PURE],
  },
  {
    defect: "a command for an entity that has to be there is published without it",
    promise: "G16",
    file: "app/http/gateway/command.ts",
    find: "if (exists) await requireRef(",
    replace: "if (exists && loads.length > 0) await requireRef(",
    tests: [COMMANDS],
  },
  {
    defect: "an Idempotency-Key may stand for two requests",
    promise: "G1",
    file: "app/http/gateway/command.ts",
    find: "if (key !== undefined) await claim(",
    replace: "if (key === null) await claim(",
    tests: [COMMANDS],
  },
  {
    defect: "of two requests at once with one Idempotency-Key both are taken",
    promise: "G1",
    file: "runtime/stored/seen.ts",
    find: "return claimed.length > 0 || isFree(await readSeen(sql, [key, use]));",
    replace: "return claimed.length >= 0;",
    tests: ["test/stored/idempotency-keys.int"],
  },
  {
    defect: "a role that the call does not name may call it",
    promise: "G16",
    file: "runtime/gateway/call-access.ts",
    find: 'access === "public" || caller.privileged || hasOneOf(access, caller);',
    replace: 'access === "public" || caller.roles.length > 0;',
    tests: [DOORS],
  },
  {
    defect: "a node's token acts for other entities",
    promise: "G16",
    file: "app/http/gateway/command.ts",
    find: "assertMayActFor(request.caller, entityId);",
    replace: "void assertMayActFor;",
    tests: [DOORS],
  },
  {
    defect: "anybody moves the limit of an address by a header",
    promise: "G16",
    file: "app/http/server/create-server.ts",
    find: "trustProxy: proxies ? [...proxies] : false,",
    replace: "trustProxy: true,",
    tests: [DOORS],
  },
  {
    defect: "a page of another site reads where there are no tokens",
    promise: "G16",
    file: "app/http/server/browser-guard.ts",
    find: "(changes || (!hasTokens && !isVisit(request))) && !allowsOrigin(request)",
    replace: "changes && !allowsOrigin(request)",
    tests: [DOORS],
  },
  {
    defect: "a port opens to other machines while anybody could call",
    promise: "G16",
    file: "app/http/gateway/listener.ts",
    find: "if (refusal) return",
    replace: 'if (refusal && host === "") return',
    tests: [DOORS],
  },
  {
    defect: "a stream goes on when what let it in is withdrawn",
    promise: "G16",
    file: "app/http/gateway/stream.ts",
    find: " && isAdmitted(now.access, door)) ?? false",
    replace: ") ?? false",
    tests: [STREAMS],
  },
  {
    defect: "a stream goes on when its token is withdrawn",
    promise: "G16",
    file: "app/http/gateway/stream.ts",
    find: "isSame && isKnown() &&",
    replace: "isSame &&",
    tests: [STREAMS],
  },
  {
    defect: "a stream says nothing of days that are dropped behind its reader",
    promise: "G15",
    file: "app/http/gateway/gateway-stream.ts",
    find: "if (gapUntil !== undefined) this.#tell(",
    replace: 'if (gapUntil === "") this.#tell(',
    tests: [STREAMS],
  },
  {
    defect: "a reload of a gateway alone changes nothing",
    promise: "G14",
    file: "app/host/reloading-runtime.ts",
    find: "if (haveSameGateways(next, this.#contracts)) return false;",
    replace: "if (haveSameGateways(next, next)) return false;",
    tests: [STREAMS],
  },
  {
    defect: "a list that fails midway ends as a whole one does, for who knows no chunks",
    promise: "G16",
    file: "app/http/gateway/whole-list.ts",
    find: "      reset(request);\n    }",
    replace: "    }",
    tests: [LISTS],
  },
  {
    defect: "a list that fails midway gets an end",
    promise: "G16",
    file: "app/http/gateway/whole-list.ts",
    find: "    throw error;",
    replace: "    return;",
    tests: [LISTS],
  },
  {
    defect: "any number of whole lists is written at once",
    promise: "G16",
    file: "app/http/gateway/lists.ts",
    find: "if (count >= WHOLE_LISTS_MAX)",
    replace: "if (count >= 100 * WHOLE_LISTS_MAX)",
    tests: [LISTS],
  },
  {
    defect: "a node is shown the rows of others",
    promise: "G16",
    file: "app/http/gateway/lists.ts",
    find: "call.allEntities ? rows.where",
    replace: "call.allEntities || spec.key.length > 0 ? rows.where",
    tests: [LISTS],
  },
  {
    defect: "a contract may filter by a column without an index",
    promise: "G14",
    file: "runtime/contract/checks/check-lists.ts",
    find: "if (tests.length === 0) yield",
    replace: "if (tests.length < 0) yield",
    tests: [LIST_CHECKS],
  },
  {
    defect: "a contract may sort by a column without an index",
    promise: "G14",
    file: "runtime/contract/checks/check-lists.ts",
    find: "else if (!canSortBy(columns.keyed, found.column))",
    replace: "else if (columns.keyed.key.length === 0)",
    tests: [LIST_CHECKS],
  },
  {
    defect: "a cursor counts in another order than its own",
    promise: "G16",
    file: "runtime/gateway/list-request.ts",
    find: "if (!Array.isArray(read) || JSON.stringify(read[0]) !== JSON.stringify(sort)) return undefined;",
    replace: "if (!Array.isArray(read)) return undefined;",
    tests: [LIST_CHECKS],
  },
  {
    defect: "hidden rows are listed",
    promise: "G16",
    file: "runtime/gateway/list-request.ts",
    find: 'return shows === "true" ? [] : where;',
    replace: "return [];",
    tests: [LIST_CHECKS],
  },
  {
    defect: "any address uses a port that is for some networks",
    promise: "G16",
    file: ADMISSION,
    find: "if (!admits(request.ip))",
    replace: 'if (!admits(request.ip) && request.ip === "")',
    tests: [DOORS],
  },
  {
    defect: "whoever asks makes a metric's series by a path",
    promise: "G16",
    file: "app/http/gateway/gateway-routes.ts",
    find:
      "async ({ routed }, { statusCode: status, elapsedTime }) => {\n" +
      "    const { gateway, operation } = routed?.call ?? NO_CALL;",
    replace:
      "async ({ routed, url }, { statusCode: status, elapsedTime }) => {\n" +
      "    const { gateway, operation } = routed?.call ?? { ...NO_CALL, operation: url };",
    tests: ["test/gateway/queries.int"],
  },
  {
    defect: "an entity is made under an id that nobody can ask for",
    promise: "G16",
    file: "app/http/gateway/command.ts",
    find: "if (entityId.length > ID_LENGTH_MAX) throw",
    replace: "if (entityId.length > 100 * ID_LENGTH_MAX) throw",
    tests: [CONFORMANCE],
  },
  {
    defect: "a refused request claims its Idempotency-Key",
    promise: "G1",
    file: "app/http/gateway/command.ts",
    find: "  const given = await commandRequest(context, request, does, messageId, consumed);",
    replace:
      "  if (key !== undefined) await claim(context, system, call, request, key, {});\n" +
      "  const given = await commandRequest(context, request, does, messageId, consumed);",
    tests: [CONFORMANCE],
  },
];
