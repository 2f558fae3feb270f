import type { Mutant } from "./mutants.ts";

const STEP = "runtime/core/step.ts";
const EVENTS = "runtime/contract/model/events.ts";
const PLAN = "runtime/shell/turns/turn-plan.ts";
const CHOICES = "test/contract/alternatives.unit";
const RENEWALS = "test/contract/renewals.unit";
const RESERVED = "test/contract/reserved-names.unit";
const UNPUBLISHED = "test/contract/unpublished-events.unit";
const TOPICLESS = "test/shell/unpublished-events.int";
const SEEN = "test/shell/last-seen.int";
const FIND_ONE = "if (returned.length === 1) return;";

/** Of the contract language and what its keys make the runtime do. */
export const LANGUAGE_MUTANTS: readonly Mutant[] = [
  {
    defect: "a renewal moves a deadline that does not name the message",
    promise: "G7",
    file: "runtime/core/step-run.ts",
    find: "spec?.renewedBy.has(this.message.type) ? this",
    replace: "spec ? this",
    tests: [RENEWALS],
  },
  {
    defect: "a row renews where no deadline names its message, and nobody says so",
    promise: "G14",
    file: "runtime/contract/checks/check-renewals.ts",
    find: "yield* idleRenewal(model, event, row);",
    replace: "void idleRenewal;",
    tests: [RENEWALS],
  },
  {
    defect: "a message under renewed_by that leads to nothing passes the checks",
    promise: "G14",
    file: "runtime/contract/checks/check-renewals.ts",
    find: "yield* ignoredRenewals(model);",
    replace: "void ignoredRenewals;",
    tests: [RENEWALS],
  },
  {
    defect: "renewals of what is not journaled are journaled",
    promise: "G12",
    file: PLAN,
    find: 'const isMinor = result === "no_op" || result === "renewed" || result === "declined";',
    replace: 'const isMinor = result === "no_op" || result === "declined";',
    tests: [SEEN],
  },
  {
    defect: "a function may return both of A | B",
    promise: "G2",
    file: STEP,
    find: FIND_ONE,
    replace: "if (returned.length > 0) return;",
    tests: [CHOICES],
  },
  {
    defect: "a function may return neither of A | B",
    promise: "G2",
    file: STEP,
    find: FIND_ONE,
    replace: "if (returned.length < 2) return;",
    tests: [CHOICES],
  },
  {
    defect: "of A | B only A is followed",
    promise: "G14",
    file: "runtime/contract/model/transitions.ts",
    find: "for (const event of alternatives) {",
    replace: "for (const event of alternatives.slice(0, 1)) {",
    tests: [CHOICES],
  },
  {
    defect: "an alternative that was never tried is not named",
    promise: "G14",
    file: "runtime/contract/exploration/check-model.ts",
    find: ".filter(({ name }) => !returned.has(`${route} ${name}`))",
    replace: ".filter(() => returned.size < 0)",
    tests: [CHOICES],
  },
  {
    defect: "published_seq counts what has no topic",
    promise: "G4",
    file: "runtime/core/emission.ts",
    find: "(domain.topicByEventType.get(type) == null ? 0 : 1)",
    replace: "1",
    tests: [UNPUBLISHED],
  },
  {
    defect: "published_seq begins at 1 where contracts come to have an event without a topic",
    promise: "G4",
    file: "runtime/core/emission.ts",
    find: "(entity.publishedSeq ?? entity.seq)",
    replace: "(entity.publishedSeq ?? 0)",
    tests: [UNPUBLISHED],
  },
  {
    defect: "the publish of an event without a topic may be waited for",
    promise: "G14",
    file: EVENTS,
    find: "use.name === subject && use.topic",
    replace: "use.name === subject",
    tests: [UNPUBLISHED],
  },
  {
    defect: "published_seq is forgotten with the process",
    promise: "G4",
    file: "runtime/shell/turns/turn-statements.ts",
    find: "({ after }) => after.entity.publishedSeq",
    replace: "() => null",
    tests: [TOPICLESS],
  },
  {
    defect: "the cursor stays behind lines of which nothing is published",
    promise: "G10",
    file: PLAN,
    find: "if (cursors.publishedSeq >= cursors.outgoingSeq) cursors.publishedSeq = cursors.nextSeq - 1;",
    replace: "void cursors;",
    tests: [TOPICLESS],
  },
  {
    defect: "after a takeover the cursor passes what was never published",
    promise: "G4",
    file: "runtime/shell/partitions/takeover.ts",
    find: "partition.outgoingSeq = unfinished.unpublished.at(-1)?.seq ?? 0;",
    replace: "",
    tests: [TOPICLESS],
  },
  {
    defect: "an event may declare what the runtime adds",
    promise: "G14",
    file: "runtime/contract/checks/check-reserved.ts",
    find: 'IN_EVENTS, "which each event gets from the runtime"',
    replace: '[], "which each event gets from the runtime"',
    tests: [RESERVED],
  },
  {
    defect: "an intent may declare the attempt's field",
    promise: "G14",
    file: "runtime/contract/checks/check-reserved.ts",
    find: "const inIntents = [...IN_INTENTS, attemptIdField];",
    replace: "const inIntents = IN_INTENTS;",
    tests: [RESERVED],
  },
  {
    defect: "a condition on a payload's own state passes as one on the reducer's data",
    promise: "G14",
    file: "runtime/contract/checks/check-reserved.ts",
    find: "yield* reservedPaths(model);",
    replace: "void reservedPaths;",
    tests: [RESERVED],
  },
  {
    defect: "last_seen goes back with a message that was held up",
    promise: "G10",
    file: PLAN,
    find: "Math.max(before?.lastSeenMs ?? now, now);",
    replace: "Math.min(before ? now : now, now);",
    tests: [SEEN],
  },
  {
    defect: "last_seen moves with what the runtime says itself",
    promise: "G10",
    file: PLAN,
    find: 'const isSeen = message.kind === "bus" && (',
    replace: "const isSeen = (",
    tests: [SEEN],
  },
  {
    defect: "last_seen moves with a message that did nothing and left no line",
    promise: "G10",
    file: PLAN,
    find: '(isJournaled || result === "renewed");',
    replace: '(isJournaled || result !== "refused");',
    tests: [SEEN],
  },
];
