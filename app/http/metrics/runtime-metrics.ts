import type { Domain } from "../../../runtime/core/domain.ts";
import { DOOR_PROBLEMS } from "../../../runtime/core/door-seal.ts";
import { DECODE_ERROR_CODES } from "../../../runtime/core/incoming-json.ts";
import { BUILT_IN_REFUSALS } from "../../../runtime/core/refusal.ts";
import type { Observe } from "../../../runtime/shell/shell-event.ts";
import { type EventOf, observerOf } from "../../host/shell-event-handlers.ts";
import type { System } from "../../host/compose.ts";
import type { Instruments } from "./instruments.ts";
import { guardedStates } from "./system-gauges.ts";

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const DURATION_SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const LATENESS = [0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60];
const MESSAGES = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000];
/** Label values that are known at the start. */
const DEAD_LETTER_CODES = [...DECODE_ERROR_CODES, "CORE_ERROR", "ENTITY_UNREADABLE"];
const INTENT_RESULTS = ["done", "not_yet", "retried", "failed", "superseded_intent"];
const SKIPPED_TYPES_MAX = 50;
const PARTS = ["bus", "store"];

/** What is counted for each event: each maker defines its metrics beside what counts them. No label names an entity. */
export const createMetricsObserver = (instruments: Instruments, { runtime, domain, measures }: System): Observe =>
  observerOf({
    ...countMessages(instruments, domain, measures, () => runtime.brokerTimeMs),
    ...countTurns(instruments, domain),
    ...countBackends(instruments, domain),
    ...countOperations(instruments, domain),
  });

function countMessages(
  { counter, histogram }: Instruments,
  domain: Domain,
  measures: System["measures"],
  brokerTimeMs: () => number,
) {
  const types = domain.consumed.map(({ type }) => type);
  const topics = new Set(domain.consumed.map(({ topic }) => topic));
  const decisions = counter("decisions_total", "Messages processed, by result.", ["type", "result"]);
  const refusals = [...Object.keys(BUILT_IN_REFUSALS), ...domain.refusals.keys()];
  const refused = "Messages that the contract did not take, by the code of its answer.";
  const declined = counter("declined_messages_total", refused, ["code"], refusals);
  const events = counter("events_total", "Events journaled.", ["type"], domain.topicByEventType.keys());
  const durations = measures.map((measure) => ({
    ...measure,
    seconds: histogram(`${measure.name}_seconds`, measure.help, DURATION_SECONDS),
  }));
  const duplicates = counter("duplicate_messages_total", "Messages that were processed before.", ["type"], types);
  const forwarded = "Messages forwarded to the partition of their entity.";
  const repartitioned = counter("repartitioned_messages_total", forwarded, ["topic"], topics);
  const others = "Messages of types that a topic's contract has skipped.";
  const skipped = counter("skipped_messages_total", others, ["topic", "type"]);
  const doorless = "Records with a door that is none, or not their own: their sender is nobody.";
  const doors = counter("rejected_doors_total", doorless, ["reason"], DOOR_PROBLEMS);
  const skippedTypes = new Set<string>();
  const unprocessed = "Messages that could not be processed.";
  const deadLetters = counter("dead_letters_total", unprocessed, ["code"], DEAD_LETTER_CODES);
  return {
    decision({ message, before, decision }: EventOf<"decision">) {
      decisions(message.type, decision.result);
      if (decision.declined) declined(decision.declined.code);
      for (const { type } of decision.events) events(type);
      for (const { durationMs, seconds } of durations) {
        const tookMs = durationMs(decision, brokerTimeMs, before);
        if (tookMs !== undefined) seconds.observe(tookMs / 1_000);
      }
    },
    door_rejected: ({ reason }: EventOf<"door_rejected">) => doors(reason),
    repeat: ({ type }: EventOf<"repeat">) => duplicates(type),
    repartitioned: ({ topic }: EventOf<"repartitioned">) => repartitioned(topic),
    skipped({ topic, type }: EventOf<"skipped">) {
      // The names come from outside.
      if (skippedTypes.size < SKIPPED_TYPES_MAX) skippedTypes.add(type);
      skipped(topic, skippedTypes.has(type) ? type : "other");
    },
    dead_letter: ({ code }: EventOf<"dead_letter">) => deadLetters(code),
  };
}

function countTurns({ counter, histogram }: Instruments, domain: Domain) {
  const turns = histogram("turn_duration_seconds", "One turn: read, load, step, commit.", SECONDS);
  const turnMessages = histogram("turn_messages", "Messages per turn.", MESSAGES);
  const published = counter("published_messages_total", "Messages that the bus confirmed.");
  const publishes = histogram("publish_duration_seconds", "One confirmed publish.", SECONDS);
  const refused = "Events that the bus refused permanently; they are in the journal.";
  const unpublishable = counter("unpublishable_events_total", refused);
  const waiting = "Times that a purge was put off: something of its entity is still on its way.";
  const deferred = counter("purges_deferred_total", waiting);
  const untaken = "Turns of outcomes, deadlines and the like that the store refused; each is tried again.";
  const refusedTurns = counter("refused_turns_total", untaken);
  const older = "Rows of projections that could not be made, or that the store refused: those of before stay.";
  const projections = domain.projections.map(({ name }) => name);
  const projectionFaults = counter("projection_faults_total", older, ["projection"], projections);
  const lateness = histogram("deadline_lateness_seconds", "From a deadline to its firing.", LATENESS, ["name"]);
  for (const name of domain.deadlineAfterMs.keys()) lateness.zero({ name });
  return {
    committed() {},
    turn({ messages, durationMs }: EventOf<"turn">) {
      turnMessages.observe(messages);
      turns.observe(durationMs / 1_000);
    },
    turn_refused: () => refusedTurns(),
    projection_fault: ({ projection }: EventOf<"projection_fault">) => projectionFaults(projection),
    published({ messages, durationMs }: EventOf<"published">) {
      published("", "", messages);
      publishes.observe(durationMs / 1_000);
    },
    unpublishable: () => unpublishable(),
    purge_deferred: () => deferred(),
    deadline_fired: ({ name, lateMs }: EventOf<"deadline_fired">) => lateness.observe(lateMs / 1_000, { name }),
  };
}

function countBackends({ counter, gauge }: Instruments, { effects, reconciled }: Domain) {
  const tries = counter("intent_tries_total", "Tries of intents, by result.", ["type", "result"]);
  const breakers = new Map<string, number>();
  gauge("breaker_open", "1 while a circuit breaker of the backend is open.", ["backend"], (set) => {
    for (const [backend, open] of breakers) set(open, { backend });
  });
  for (const { intentType, backend } of effects.values()) {
    for (const result of INTENT_RESULTS) tries(intentType, result, 0);
    breakers.set(backend, 0);
  }
  const differences = "Repairs requested for differences between a backend and its entities.";
  const repairs = counter("reconciliation_repairs_total", differences, ["backend"], reconciled.keys());
  const uncompared = "Times that a backend could not be compared with its entities.";
  const failures = counter("reconciliation_failures_total", uncompared, ["backend"], reconciled.keys());
  return {
    intent: ({ type, result }: EventOf<"intent">) => tries(type, result),
    breaker: ({ backend, openKeys }: EventOf<"breaker">) => breakers.set(backend, openKeys > 0 ? 1 : 0),
    comparison_done: ({ backend, repairs: count }: EventOf<"comparison_done">) => repairs(backend, "", count),
    comparison_failed: ({ backend }: EventOf<"comparison_failed">) => failures(backend),
  };
}

function countOperations({ counter, gauge }: Instruments, domain: Domain) {
  const fills = new Map(domain.projections.map(({ name }) => [name, 0]));
  const filled = "Entities whose rows are in the table that this process has filled last.";
  gauge("projection_filled_entities", filled, ["projection"], (set) => {
    for (const [projection, entities] of fills) set(entities, { projection });
  });
  const waited = "Times that the last round of a change of projections had to be tried again.";
  const waits = counter("projection_change_waits_total", waited);
  const outages = counter("unreachable_total", "Times that a dependency became unreachable.", ["part"], PARTS);
  const outageTime = "Time for which a dependency was unreachable.";
  const outageSeconds = counter("outage_seconds_total", outageTime, ["part"], PARTS);
  const partitionsLost = counter("partitions_lost_total", "Partitions that another process took.");
  const changeResults = ["in_force", "refused"];
  const changes = counter("contract_changes_total", "Changes of the contracts, by result.", ["result"], changeResults);
  const heldAtOnce = "Holds, because too many entities would have changed at once.";
  const holds = counter("holds_total", heldAtOnce, ["kind", "subject"]);
  for (const subject of guardedStates(domain)) holds("expiry", subject, 0);
  for (const subject of domain.reconciled.keys()) holds("deletion", subject, 0);
  return {
    unreachable: ({ part }: EventOf<"unreachable">) => outages(part),
    recovered: ({ part, outageMs }: EventOf<"recovered">) => outageSeconds(part, "", outageMs / 1_000),
    partitions_owned: () => {},
    partitions_lost: ({ partitions }: EventOf<"partitions_lost">) => partitionsLost("", "", partitions.length),
    contracts_in_force: () => changes("in_force"),
    gateways_in_force: () => {},
    projection_filling: ({ projection, filled }: EventOf<"projection_filling">) => fills.set(projection, filled),
    projections_waiting: () => waits(),
    contracts_refused: () => changes("refused"),
    domain_failed: () => {},
    job_failed: () => {},
    expiry_held: ({ state }: EventOf<"expiry_held">) => holds("expiry", state),
    expiry_released: () => {},
    deletions_held: ({ backend }: EventOf<"deletions_held">) => holds("deletion", backend),
  };
}
