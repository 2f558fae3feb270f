import type { Mutant } from "./mutants.ts";

const COMMAND = "app/http/gateway/command.ts";
const ANSWER = "app/http/gateway/command-answer.ts";
const UNWRITTEN = "runtime/gateway/declined-unwritten.ts";
const SEALED = "test/gateway/sealed.int";
const PURE = "test/gateway/pure.unit";
const CHECKS = "test/gateway/checks.unit";

/** Of commands that carry who sent them, what was loaded for them and what their sender has seen. */
export const SEALED_MUTANTS: readonly Mutant[] = [
  {
    defect: "a command is not its caller's",
    promise: "G2",
    file: COMMAND,
    find: "...{ caller: request.caller.door, loaded",
    replace: '...{ caller: { ...request.caller.door, id: "anna" }, loaded',
    tests: [SEALED],
  },
  {
    defect: "a command goes without what was loaded for it",
    promise: "G2",
    file: COMMAND,
    find: "loaded: given.loaded, operation",
    replace: "loaded: {}, operation",
    tests: [SEALED],
  },
  {
    defect: "a command goes without what its sender has seen",
    promise: "G2",
    file: COMMAND,
    find: 'if (seen !== "*") return seen;',
    replace: 'if (seen !== "*") return undefined;',
    tests: [SEALED],
  },
  {
    defect: "If-Match: * fits what is not there",
    promise: "G2",
    file: COMMAND,
    find: "if (entity && !isPurged(entity)) return undefined;",
    replace: "if (!entity || !isPurged(entity)) return undefined;",
    tests: [SEALED],
  },
  {
    defect: "an Idempotency-Key stands for any If-Match",
    promise: "G1",
    file: COMMAND,
    find: 'headers["if-match"] ?? null, body',
    replace: "headers.host ?? null, body",
    tests: [SEALED],
  },
  {
    defect: "what is declined about nothing is never told",
    promise: "G15",
    file: COMMAND,
    find: "mayStayUnwritten(system.domain, command.message) ? place",
    replace: "!consumed.journal ? place",
    tests: [SEALED],
  },
  {
    defect: "412 does not say what there is",
    promise: "G15",
    file: ANSWER,
    find: "headers: tagOf(command, told) }",
    replace: "headers: {} }",
    tests: [SEALED],
  },
  {
    defect: "a refusal is answered without the contract's words",
    promise: "G15",
    file: ANSWER,
    find: "refusals.get(code)?.message ?? reason",
    replace: "refusals.get(reason)?.message ?? reason",
    tests: [SEALED],
  },
  {
    defect: "the events endpoint does not say who sends",
    promise: "G2",
    file: "app/http/events/incoming-event.ts",
    find: "if (!system.domain.onlyCallerRead.has(event.type)) return event;",
    replace: "if (system.domain.onlyCallerRead.has(event.type)) return event;",
    tests: [SEALED],
  },
  {
    defect: "the events endpoint goes around what a gateway loads",
    promise: "G2",
    file: "runtime/contract/model/doors.ts",
    find: '.every((part) => part === "caller")',
    replace: '.every((part) => part !== "")',
    tests: [SEALED],
  },
  {
    defect: "a weak tag says that nothing has changed",
    promise: "G2",
    file: "runtime/gateway/entity-tag.ts",
    find: 'const TAG = /^"',
    replace: 'const TAG = /^(?:W\\/)?"',
    tests: [PURE],
  },
  {
    defect: "an old command is answered as if it were decided now",
    promise: "G15",
    file: UNWRITTEN,
    find: "if (entity && isJournaled) return undefined;",
    replace: "if (entity === null) return undefined;",
    tests: [PURE],
  },
  {
    defect: "a door that came too late is not told",
    promise: "G15",
    file: UNWRITTEN,
    find: 'entity === undefined && decided.result === "changed"',
    replace: 'entity === undefined && decided.result === "refused"',
    tests: [PURE],
  },
  {
    defect: "a comparison passes the checks of which nobody is told",
    promise: "G14",
    file: "runtime/contract/reading/gateway-contradictions.ts",
    find: "ifMatch.value === true)",
    replace: 'ifMatch.text() === "true")',
    tests: [CHECKS],
  },
  {
    defect: "a reply to a comparison that is not made passes the checks",
    promise: "G14",
    file: "runtime/contract/checks/check-replies.ts",
    find: "(call.row.if_match ? [SEQ_CHANGED] : [])",
    replace: "[SEQ_CHANGED]",
    tests: [CHECKS],
  },
];
