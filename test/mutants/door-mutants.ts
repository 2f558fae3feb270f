import type { Mutant } from "./mutants.ts";

const STEP = "runtime/core/step.ts";
const SEAL = "runtime/core/door-seal.ts";
const READ = "runtime/shell/turns/read-items.ts";
const KEYS = "runtime/shell/door-keys.ts";
const REFUSALS = "test/core/refusals.unit";
const SEALS = "test/core/door-seal.unit";
const CHECKS = "test/contract/refusals.unit";
const DECLINED = "test/shell/turns/declined.unit";
const DOORS = "test/shell/doors.int";

/** Of refusals, and of who sent a message. */
export const DOOR_MUTANTS: readonly Mutant[] = [
  {
    defect: "a message is taken without a door where the contract reads it",
    promise: "G2",
    file: STEP,
    find: "domain.doorRequired.has(message.type))",
    replace: "domain.doorRequired.has(message.type) && !entity)",
    tests: [REFUSALS],
  },
  {
    defect: "if_match is not compared",
    promise: "G2",
    file: STEP,
    find: "message.door.if_match !== seqOf(entity))",
    replace: "message.door.if_match !== seqOf(entity) && !entity)",
    tests: [REFUSALS],
  },
  {
    defect: "a function may refuse with what its handler does not declare",
    promise: "G2",
    file: STEP,
    find: "if (action.refusals.includes(result.code)) return result;",
    replace: "if (domain.refusals.has(result.code)) return result;",
    tests: [REFUSALS],
  },
  {
    defect: "a refusal has details of any size",
    promise: "G12",
    file: "runtime/core/refusal.ts",
    find: "if (bytes > DETAILS_BYTES_MAX)",
    replace: "if (bytes > 2 * DETAILS_BYTES_MAX)",
    tests: [REFUSALS],
  },
  {
    defect: "who sent a message without a door is absent",
    promise: "G2",
    file: "runtime/core/condition.ts",
    find: "(door?.caller ?? NOBODY)",
    replace: "(door?.caller.id ? door.caller : void NOBODY)",
    tests: [REFUSALS],
  },
  {
    defect: "the journal does not keep a message's door",
    promise: "G13",
    file: "runtime/core/journal.ts",
    find: "  door: message.door,\n",
    replace: "",
    tests: [REFUSALS],
  },
  {
    defect: "replay decides as if nobody had sent the message",
    promise: "G13",
    file: "runtime/replay/entity-histories.ts",
    find: "...{ kind, type, id, payload, now, origin, door },",
    replace: "...{ kind, type, id, payload, now, origin },",
    tests: [REFUSALS],
  },
  ...["domain", "type", "id", "entityId"].map((part) => ({
    defect: `a door counts for another ${part}`,
    promise: "G2",
    file: SEAL,
    find: `  sealed.${part} === message.${part}${part === "entityId" ? "\n" : " &&\n"}`,
    replace: part === "entityId" ? "  true\n" : "  true &&\n",
    tests: [SEALS],
  })),
  {
    defect: "a door counts for another payload",
    promise: "G2",
    file: SEAL,
    find: "if (sealed.digest !== digestOf(value))",
    replace: "if (sealed.digest === digestOf(value).slice(1))",
    tests: [SEALS],
  },
  {
    defect: "a door is never too old",
    promise: "G2",
    file: SEAL,
    find: "if (brokerTimeMs - at > DOOR_AGE_MAX_MS)",
    replace: "if (brokerTimeMs - at > 9 * DOOR_AGE_MAX_MS)",
    tests: [SEALS],
  },
  {
    defect: "a door is taken whoever signed it",
    promise: "G2",
    file: SEAL,
    find: 'if (!timingSafeEqual(macOf(key, body), Buffer.from(mac, "base64url")))',
    replace: 'if (!timingSafeEqual(macOf(key, body), macOf(key, body)) || mac === "")',
    tests: [SEALS],
  },
  {
    defect: "the headers of a copy make a door younger",
    promise: "G2",
    file: READ,
    find: "record.value ?? new Uint8Array(), record.brokerTimeMs);",
    replace:
      "record.value ?? new Uint8Array(), " +
      "originalBrokerTimeMs(textHeaders(record), record.brokerTimeMs) ?? record.brokerTimeMs);",
    tests: [DOORS],
  },
  {
    defect: "a dead letter forgets its caller",
    promise: "G2",
    file: "runtime/shell/turns/dead-letter.ts",
    find: "door: sealed ? JSON.stringify(sealed) : null,",
    replace: "door: sealed && !item ? JSON.stringify(sealed) : null,",
    tests: [DOORS],
  },
  {
    defect: "a new door key signs before all processes may know it",
    promise: "G2",
    file: KEYS,
    find: "this.#known.find(({ isSettled }) => isSettled) ?? this.#known.at(-1)",
    replace: "this.#known.find(({ isSettled }) => isSettled || true) ?? this.#known.at(-1)",
    tests: [DOORS],
  },
  {
    defect: "each header with an unknown key reads the store",
    promise: "G12",
    file: KEYS,
    find: "const UNKNOWN_REREAD_MS = 1_000;",
    replace: "const UNKNOWN_REREAD_MS = -1;",
    tests: [DOORS],
  },
  {
    defect: "what is refused about nothing fills the journal",
    promise: "G12",
    file: "runtime/shell/turns/turn-plan.ts",
    find: 'const isAboutNothing = result === "declined" && decision.entity === undefined;',
    replace: 'const isAboutNothing = result === "declined" && !item;',
    tests: [DECLINED],
  },
  {
    defect: "a refusal that nothing uses passes the checks",
    promise: "G14",
    file: "runtime/contract/checks/check-refusals.ts",
    find: "} else if (!used.has(code)) {",
    replace: "} else if (!used.has(code) && !code) {",
    tests: [CHECKS],
  },
  {
    defect: "a refusal of what the runtime says passes the checks",
    promise: "G14",
    file: "runtime/contract/checks/check-refusals.ts",
    find: "yield* answersToRuntime(model, handler);",
    replace: "void answersToRuntime;",
    tests: [CHECKS],
  },
  {
    defect: "check does not try a message as nobody",
    promise: "G14",
    file: "runtime/contract/exploration/sample-doors.ts",
    find: 'fixed("by nobody", NOBODY),',
    replace: "",
    tests: [CHECKS],
  },
];
