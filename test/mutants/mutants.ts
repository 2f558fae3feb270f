import { CONFIGURATION_MUTANTS } from "./configuration-mutants.ts";
import { DIRECTORY_MUTANTS } from "./directory-mutants.ts";
import { DOOR_MUTANTS } from "./door-mutants.ts";
import { FOLLOWING_MUTANTS } from "./following-mutants.ts";
import { GATEWAY_MUTANTS } from "./gateway-mutants.ts";
import { LANGUAGE_MUTANTS } from "./language-mutants.ts";
import { LIFECYCLE_MUTANTS } from "./lifecycle-mutants.ts";
import { LINK_MUTANTS } from "./link-mutants.ts";
import { LISTENER_MUTANTS } from "./listener-mutants.ts";
import { PROJECTION_MUTANTS } from "./projection-mutants.ts";
import { RETENTION_MUTANTS } from "./retention-mutants.ts";
import { SEALED_MUTANTS } from "./sealed-mutants.ts";
import { SNAPSHOT_MUTANTS } from "./snapshot-mutants.ts";
import { STORED_DATA_MUTANTS } from "./stored-data-mutants.ts";

/** A defect as an edit of the product's source, and the tests that must see it. */
export interface Mutant {
  readonly defect: string;
  /** Of docs/reliability.md, which it breaks. */
  readonly promise: string;
  readonly file: string;
  /** Stands in the file once. */
  readonly find: string;
  readonly replace: string;
  /** What vitest is given: paths of tests, or the beginnings of such. */
  readonly tests: readonly string[];
}

const LEDGER = "runtime/shell/turns/turn-writer.ts";
const STATEMENTS = "runtime/shell/turns/turn-statements.ts";
const PLAN = "runtime/shell/turns/turn-plan.ts";
const TAKER = "runtime/shell/turns/turn-runner.ts";
const PARKING = "runtime/shell/intents/parking.ts";
const OUTCOMES = "runtime/shell/intents/outcome-handling.ts";
const HELD = "runtime/shell/turns/held-items.ts";
const REFUSALS = "test/shell/turns/refused-turns.int";
const NOT_YET = "test/shell/intents/not-yet.unit";
const SHELL = "test/shell/runtime.int";
const TAKEOVER = "test/shell/partitions/takeover.int";
const DAY = "test/shell/turns/first-line-of-a-day.unit";

/** Of the host and the runtime. */
export const MUTANTS: readonly Mutant[] = [
  ...CONFIGURATION_MUTANTS,
  ...DIRECTORY_MUTANTS,
  ...DOOR_MUTANTS,
  ...FOLLOWING_MUTANTS,
  ...GATEWAY_MUTANTS,
  ...LANGUAGE_MUTANTS,
  ...LIFECYCLE_MUTANTS,
  ...LINK_MUTANTS,
  ...LISTENER_MUTANTS,
  ...SEALED_MUTANTS,
  ...SNAPSHOT_MUTANTS,
  ...STORED_DATA_MUTANTS,
  ...RETENTION_MUTANTS,
  ...PROJECTION_MUTANTS,
  {
    defect: "a message is known by its id alone when that begins with its time",
    promise: "G1",
    file: "runtime/stored/seen.ts",
    find: "id.slice(0, TIME_LENGTH) + key.slice(TIME_LENGTH)",
    replace: "id",
    tests: ["test/stored/seen.unit"],
  },
  {
    defect: "a turn is planned on one from before its partition was another process's",
    promise: "G13",
    file: "runtime/shell/turns/turn-planner.ts",
    find: "changed && !changed.partition.isLost ? changed.after",
    replace: "changed ? changed.after",
    tests: [TAKEOVER],
  },
  {
    defect: "a takeover that has failed goes on reading",
    promise: "G12",
    file: "runtime/shell/side-by-side.ts",
    find: "const left = (function* () {\n    yield* items.entries();\n  })();",
    replace: "const left = items.entries();",
    tests: ["test/shell/side-by-side.unit"],
  },
  {
    defect: "no fence: a turn is written although another process owns the partition",
    promise: "G4",
    file: LEDGER,
    find: "if (lost.length > 0) throw new PartitionsLost(lost);",
    replace: "",
    tests: [SHELL],
  },
  {
    defect: "no dedupe: a repeated message is taken again",
    promise: "G3",
    file: PLAN,
    find:
      "if (this.seen.has(work.dedupeKey) || this.#loaded.seen(work.dedupeKey)) return " +
      "this.#addRepeat(item, received);",
    replace: "",
    tests: [SHELL],
  },
  {
    defect: "last-id dedupe: only a turn's last message is remembered as taken",
    promise: "G3",
    file: STATEMENTS,
    find: "...insertSeen(tx, [...plan.seen], utcDayOf(",
    replace: "...insertSeen(tx, [...plan.seen].slice(-1), utcDayOf(",
    tests: [SHELL],
  },
  {
    defect: "publish before commit",
    promise: "G5",
    file: TAKER,
    find: 'this.#context.failpoint("C1");',
    replace: 'this.#context.failpoint("C1"); this.#hooks.onCommitted(plan);',
    tests: [SHELL],
  },
  {
    defect: "the cursor moves when an event is journaled, not when it was published",
    promise: "G1",
    file: PLAN,
    find: "this.outbox.push({ partition, seq, outgoing, event });",
    replace:
      "this.outbox.push({ partition, seq, outgoing, event });\n    this.cursorsOf(partition).publishedSeq = seq;",
    tests: [SHELL],
  },
  {
    defect: "pending_seq is the next line, whatever is open",
    promise: "G10",
    file: "runtime/shell/turns/intents-before.ts",
    find: "each.pendingSeq = firstOpen(partition, gone) ?? asked.get(partition)?.[0]?.seq ?? nextSeq;",
    replace: "void firstOpen; void asked; void partition; each.pendingSeq = nextSeq;",
    tests: [TAKEOVER],
  },
  {
    defect: "pending_seq does not know what the turn under way asks for",
    promise: "G10",
    file: "runtime/shell/turns/intents-before.ts",
    find: "[...this.#base.intents, ...intents].filter(",
    replace: "intents.filter(",
    tests: ["test/shell/turns/intents-before.unit"],
  },
  {
    defect: "a takeover leaves out intents that have no row",
    promise: "G10",
    file: "runtime/stored/intents.ts",
    find: "this.#open.set(line.id, openIntentOf(line));",
    replace: "void openIntentOf(line);",
    tests: [TAKEOVER],
  },
  {
    defect: "an intent of which a call has failed gets no row",
    promise: "G10",
    file: OUTCOMES,
    find: "this.#hooks.park(running);\n  }\n\n  #handleNotYet",
    replace: "running.storedTries = running.failedTries;\n  }\n\n  #handleNotYet",
    tests: [TAKEOVER],
  },
  {
    defect: "an intent that has waited for long gets no row",
    promise: "G12",
    file: PARKING,
    find: "if (!running.isParked && running.askedAtMs <= waitedSinceMs) this.add(running);",
    replace: "if (!running.isParked && running.askedAtMs < waitedSinceMs * 0) this.add(running);",
    tests: ["test/shell/intents/parking.unit"],
  },
  {
    defect: "the youngest intents get a row first",
    promise: "G12",
    file: PARKING,
    find: "a.askedAtMs - b.askedAtMs || a.seq - b.seq",
    replace: "b.askedAtMs - a.askedAtMs || b.seq - a.seq",
    tests: ["test/shell/intents/parking.unit"],
  },
  {
    defect: "rows are asked for again before those that were are written",
    promise: "G11",
    file: PARKING,
    find: "if (this.#willAsk || this.#asked.size > 0 || this.#outdated.size === 0) return;",
    replace: "if (this.#willAsk || this.#outdated.size === 0) return; this.#asked.clear();",
    tests: ["test/shell/intents/parking.unit"],
  },
  {
    defect: "a row that the store refuses holds up all others",
    promise: "G11",
    file: PARKING,
    find: "if (running) this.#refused.set(intent.id, running);",
    replace: "if (running) this.#asked.set(intent.id, running);",
    tests: ["test/shell/intents/parking.unit"],
  },
  {
    defect: "a call follows before the failed one is stored",
    promise: "G10",
    file: "runtime/shell/intents/waits.ts",
    find: "if (!running.wait?.isOver || running.storedTries < running.failedTries) return;",
    replace: "if (!running.wait?.isOver) return;",
    tests: ["test/shell/intents/intent-runner.unit"],
  },
  {
    defect: "a takeover counts tries anew",
    promise: "G10",
    file: "runtime/shell/intents/running-intent.ts",
    find: "failedTries: open.failedTries ?? 0,",
    replace: "failedTries: 0,",
    tests: ["test/sim/tries.int"],
  },
  {
    defect: '"not yet" uses a try',
    promise: "G11",
    file: OUTCOMES,
    find: 'this.#observeResult(running, "not_yet");',
    replace: 'running.failedTries++; this.#observeResult(running, "not_yet");',
    tests: [NOT_YET],
  },
  {
    defect: '"not yet" counts as a success of the backend',
    promise: "G11",
    file: "runtime/shell/intents/effect-calls.ts",
    find: "if (!wasClosed) breaker.recordNothing();",
    replace: "breaker.recordSuccess();",
    tests: [NOT_YET],
  },
  {
    defect: "those that are due together are asked one by one",
    promise: "G12",
    file: "runtime/shell/intents/waits.ts",
    find: "const dueMs = Math.ceil((nowMs + delayMs) / togetherMs) * togetherMs;",
    replace: "const dueMs = nowMs + delayMs + togetherMs * 0;",
    tests: [NOT_YET],
  },
  {
    defect: "one that waits does not give way to a younger intent of its target",
    promise: "G10",
    file: "runtime/shell/intents/intent-runner.ts",
    find: "if (first.notYet || (entity &&",
    replace: "if ((entity &&",
    tests: [NOT_YET],
  },
  {
    defect: "one that is asked again outlives its attempt",
    promise: "G10",
    file: "runtime/shell/intents/asked-again.ts",
    find: "if (isBound && isAttemptOver(domain, running.intent, after.entity)) ended.push(running);",
    replace: "if (!isBound && isAttemptOver(domain, running.intent, after.entity)) ended.push(running);",
    tests: [NOT_YET],
  },
  {
    defect: "what was asked for at the end of an attempt ends with it",
    promise: "G10",
    file: "runtime/shell/intents/attempt-of-intent.ts",
    find: "intent.version < entity.seq",
    replace: "intent.version <= entity.seq",
    tests: [NOT_YET],
  },
  {
    defect: "an outcome whose turn the store refuses is dropped",
    promise: "G10",
    file: HELD,
    find: "this.#context.inbox.push(item);",
    replace: 'if (item.kind !== "settled") this.#context.inbox.push(item);',
    tests: [REFUSALS],
  },
  {
    defect: "a deadline whose turn the store refuses is dropped",
    promise: "G7",
    file: TAKER,
    find: 'if (item.kind !== "drift") this.#context.held.hold',
    replace: 'if (item.kind !== "drift" && item.kind !== "deadline") this.#context.held.hold',
    tests: [REFUSALS],
  },
  {
    defect: "the next turn builds on one of which the store has refused a part",
    promise: "G10",
    file: TAKER,
    find: "if (!isWhole || unfinished.size > 0) committedAsPlanned = false;",
    replace: "if (unfinished.size > 0) committedAsPlanned = isWhole && false;",
    tests: ["test/sim/refused-turns.int"],
  },
  {
    defect: "the cursor passes an event of which the confirmation is refused",
    promise: "G10",
    file: HELD,
    find: 'if (item.kind === "published") for (const { seq } of item.messages) item.partition.heldEvents.add(seq);',
    replace: "",
    tests: [REFUSALS],
  },
  {
    defect: "an intent that ended keeps its row",
    promise: "G10",
    file: STATEMENTS,
    find: "plan.settled.filter(({ isParked }) => isParked),",
    replace: "plan.settled.filter(({ isParked }) => isParked && plan.parked.length > 0),",
    tests: [TAKEOVER],
  },
  {
    defect: "a row that is written and gone in one turn stays",
    promise: "G10",
    file: STATEMENTS,
    find: "plan.settled.filter(({ isParked }) => isParked),",
    replace: "plan.settled.filter(({ isParked }) => isParked && plan.parked.length === 0),",
    tests: [TAKEOVER],
  },
  {
    defect: "tries are forgotten at a takeover",
    promise: "G11",
    file: "runtime/stored/intents.ts",
    find: "...{ partition, seq, askedAtMs, failedTries, tries, isParked: true },",
    replace: "...{ partition, seq, askedAtMs, failedTries: failedTries * 0, tries: tries.slice(99), isParked: true },",
    tests: [TAKEOVER],
  },
  {
    defect: "an event's bytes are parsed and written anew when it is read",
    promise: "G3",
    file: "runtime/stored/read-lines.ts",
    find: "return Object.assign(JSON.parse(`${text.slice(0, valueAt)}}`) as NewLine, { value });",
    replace:
      "return Object.assign(JSON.parse(`${text.slice(0, valueAt)}}`) as NewLine, { value: " +
      "JSON.stringify(JSON.parse(value)) });",
    tests: [TAKEOVER],
  },
  {
    defect: "a damaged line of one partition refuses all of them",
    promise: "G11",
    file: "runtime/shell/partitions/takeover.ts",
    find: 'if (!(error instanceof Fault) || error.code !== "JOURNAL_DAMAGED") throw error;',
    replace: 'if (!(error instanceof Fault) || error.code !== "") throw error;',
    tests: [TAKEOVER],
  },
  {
    defect: "an event that can't be read refuses all partitions",
    promise: "G11",
    file: "runtime/shell/partitions/unfinished.ts",
    find: "throw damagedLine(domain, line,",
    replace: "if (domain !== line.kind) throw error;\n    throw damagedLine(domain, line,",
    tests: [TAKEOVER],
  },
  {
    defect: "a missing row of the journal is passed over",
    promise: "G1",
    file: "runtime/stored/turns.ts",
    find: "if (row.seq > next) throw missing(domain, partition, next);",
    replace: "",
    tests: [TAKEOVER],
  },
  {
    defect: "an entity's first line of a day does not have it",
    promise: "G13",
    file: PLAN,
    find: "return { prev: lastLine, prev_day: day, before: entityBefore(this.#domain, entity, open) };",
    replace: "void open; void entityBefore; return { prev: lastLine };",
    tests: [DAY],
  },
  {
    defect: "an entity's first line of a day lacks what the turn under way asks for",
    promise: "G13",
    file: "runtime/shell/turns/intents-before.ts",
    find: "if (each.partition === partition) open.set(each.intent.id, each);",
    replace: "",
    tests: [DAY],
  },
  {
    defect: "a row of the journal has more lines than a range is read by",
    promise: "G1",
    file: "runtime/stored/write-lines.ts",
    find: "seq - last.seq >= CHUNK_LINES_MAX",
    replace: "seq - last.seq > CHUNK_LINES_MAX",
    tests: ["test/stored/lines.unit"],
  },
  {
    defect: "lines are put into a row however long it is",
    promise: "G12",
    file: "runtime/stored/write-lines.ts",
    find: "last.lines.length + text.length >= CHUNK_LENGTH_MAX",
    replace: "last.lines.length >= CHUNK_LENGTH_MAX",
    tests: ["test/stored/lines.unit"],
  },
  {
    defect: "a lost answer to the commit: the turn is run again without asking",
    promise: "G3",
    file: LEDGER,
    find: "if (!(await wasCommitted(context, [...plan.cursors.keys()], turnId)))\n      throw",
    replace: "throw",
    tests: [SHELL],
  },
  {
    defect: "what the store refuses holds up its whole batch as dead letters",
    promise: "G11",
    file: TAKER,
    find: "if (items.length === 1 && only) return this.#commitAlone(only, unfinished, refusal);",
    replace:
      "for (const item of items) if (item.kind === 'record') this.#refusedRecords.set(item, refusal.message);\n    " +
      "if (only) return void (await this.#commitTurn(items, unfinished));",
    tests: [SHELL],
  },
  {
    defect: "trouble of the store drops the batch",
    promise: "G11",
    file: TAKER,
    find: "await sleep(this.#context.clock, backOffMs(++failures));",
    replace: "unfinished.clear();",
    tests: [SHELL],
  },
  {
    defect: "what cannot be read is skipped without a dead letter",
    promise: "G1",
    file: PLAN,
    find: 'if (work.kind === "dead_letter") this.#addDeadLetter(work, work.code, work.error);',
    replace: 'if (work.kind === "dead_letter") return;',
    tests: [SHELL],
  },
  {
    defect: "no backpressure",
    promise: "G12",
    file: "runtime/shell/runtime.ts",
    find: "if (this.#context.stopping.aborted) return;",
    replace: "if (applyBackpressure.length > 0) return;",
    tests: [SHELL],
  },
  {
    defect: "time by this machine's clock",
    promise: "G7",
    file: "runtime/shell/deadlines/broker-clock.ts",
    find: "return Math.floor(this.#clock.monotonicMs() - this.#offsetMs());",
    replace: "void this.#offsetMs; return this.#clock.wallMs();",
    tests: ["test/shell/deadlines/broker-clock.unit"],
  },
  {
    defect: "ids are random",
    promise: "G13",
    file: "runtime/core/ids.ts",
    find: "const name = JSON.stringify(parts);",
    replace: "const name = JSON.stringify([...parts, Math.random()]);",
    tests: ["test/core/ids.unit"],
  },
  {
    defect: "a permanent refusal is tried again",
    promise: "G11",
    file: "runtime/shell/intents/effect-call.ts",
    find: 'return isPermanent(retryOn, fault) || failedTries > maxRetries ? "failed" : "retried";',
    replace: 'return failedTries > maxRetries ? "failed" : "retried";',
    tests: ["test/shell/intents/intent-runner.unit"],
  },
  {
    defect: "the next intent of a target begins before the last one's turn is committed",
    promise: "G6",
    file: "runtime/shell/intents/intent-runner.ts",
    find: "ofTarget.push(running);",
    replace: "ofTarget.push(running); this.#calls.add(running);",
    tests: ["test/shell/intents/intent-runner.unit"],
  },
  {
    defect: "an intent waits while the end of the one before it is gathered",
    promise: "G6",
    file: "runtime/shell/intents/intent-runner.ts",
    find: "if (ofTarget[0]?.isSettled) this.#context.inbox.wake();",
    replace: "",
    tests: ["test/shell/intents/intent-runner.unit"],
  },
  {
    defect: "what can wait never wakes the reader",
    promise: "G3",
    file: "runtime/shell/turns/inbox.ts",
    find: "this.#clock.after(WAIT_MAX_MS, () => this.wake());",
    replace: "",
    tests: ["test/shell/turns/inbox.unit"],
  },
  {
    defect: "a message with a foreign key is not passed on to its entity's partition",
    promise: "G4",
    file: PLAN,
    find: 'else if (work.kind === "repartition") this.#repartition(work.item, work.message, work.to);',
    replace: 'else if (work.kind === "repartition") return;',
    tests: ["test/blackbox/real-producers"],
  },
  {
    defect: "no watermark: a deadline fires before the log was read to its end",
    promise: "G8",
    file: "runtime/shell/deadlines/deadline-scheduler.ts",
    find: "if (!this.#hasReached(due, ends)) return true;",
    replace: "void this.#hasReached;",
    tests: ["test/sim"],
  },
  {
    defect: "no grace after our own outage",
    promise: "G9",
    file: "runtime/shell/deadlines/deadline-scheduler.ts",
    find: "if (graceLeftMs > 0)",
    replace: "if (graceLeftMs > Number.MAX_VALUE)",
    tests: ["test/sim"],
  },
  {
    defect: "a firing from before an outage is committed behind it",
    promise: "G9",
    file: "runtime/shell/turns/turn-runner.ts",
    find: "if (this.#returnOutdatedFirings(unfinished))",
    replace: "if (this.#returnOutdatedFirings(new Set()))",
    tests: ["test/shell/runtime.int.test.ts"],
  },
  {
    defect: "deadlines are not armed again at a takeover",
    promise: "G7",
    file: "runtime/shell/runtime.ts",
    find: "for (const { owner, armed } of deadlines)",
    replace: "for (const { owner, armed } of deadlines.slice(deadlines.length))",
    tests: ["test/sim"],
  },
  {
    defect: "the expiry guard is off",
    promise: "G7",
    file: "runtime/shell/deadlines/expiry-guard.ts",
    find: "const verdict = this.#verdictOf(guarded, nowMs);",
    replace: "const verdict = { ...this.#verdictOf(guarded, nowMs), isMass: false };",
    tests: ["test/shell/deadlines/expiry-guard.int"],
  },
  {
    defect: "reconciliation deletes as much as it wants",
    promise: "G10",
    file: "runtime/shell/reconciliation/deletion-guard.ts",
    find: "if (wanted + recent <= DELETED_RATIO_MAX * (entries + recent)) {",
    replace: "if (wanted + recent < Number.MAX_VALUE) {",
    tests: ["test/effects/table-reconciliation.int"],
  },
  {
    defect: "a change of contracts fences nobody",
    promise: "G14",
    file: "runtime/shell/contract-in-force.ts",
    find: "await fenceOwners(tx, next.name);",
    replace: "",
    tests: ["test/shell/contract-in-force.int"],
  },
  {
    defect: "partitions are taken over under contracts that are in force no more",
    promise: "G14",
    file: "runtime/shell/partitions/takeover.ts",
    find: "if (supersedes(inForce, domain)) throw new ContractsSuperseded(inForce);",
    replace: "",
    tests: ["test/shell/contract-in-force.int"],
  },
  {
    defect: "contracts come in force that lack a state which entities are in",
    promise: "G14",
    file: "runtime/shell/contract-in-force.ts",
    find: "...(inForce ? await incompatibilities(tx, current, next) : [])",
    replace: "...(inForce && !current ? await incompatibilities(tx, current, next) : [])",
    tests: ["test/shell/contract-in-force.int"],
  },
  {
    defect: "a node's token speaks for any node",
    promise: "security",
    file: "app/http/server/access.ts",
    find: ": (id: string): boolean => id === name;",
    replace: ': (id: string): boolean => id !== "" && name !== "";',
    tests: ["test/security/http-roles.int"],
  },
  {
    defect: "a reader may do what an operator may",
    promise: "security",
    file: "app/http/server/access.ts",
    find: 'if (role !== "operator" && !access?.includes(role))',
    replace: 'if (role === "node" && !access?.includes(role))',
    tests: ["test/security/http-roles.int"],
  },
];
