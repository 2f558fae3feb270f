import { collectDefaultMetrics, Registry } from "prom-client";
import type { Domain } from "../../../runtime/core/domain.ts";
import type { Observe } from "../../../runtime/shell/shell-event.ts";
import { type EventOf, observerOf } from "../../host/shell-event-handlers.ts";
import type { System } from "../../host/system.ts";
import { activationMs } from "../entities/activation-time.ts";
import { Instruments } from "./instruments.ts";
import { CHANGE_RESULTS, DEAD_LETTER_CODES, guardedStates, INTENT_RESULTS, PARTS } from "./known-labels.ts";
import type { NodeCounts } from "../entities/node-counts.ts";
import { registerSystemGauges } from "./system-gauges.ts";

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const ACTIVATION_SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const LATENESS = [0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60];
const MESSAGES = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000];
/** Gauges of prom-client that are named like counters. The same figures by kind, without `_total`, stay. */
const MISNAMED_GAUGES = [
  "nodejs_active_handles_total",
  "nodejs_active_requests_total",
  "nodejs_active_resources_total",
];

/** Each system has a registry of its own, since a process may hold two. No label names a node. */
export function createRuntimeMetrics(
  system: System,
  counts: NodeCounts,
): { readonly registry: Registry; readonly instruments: Instruments; readonly stop: () => void } {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const name of MISNAMED_GAUGES) registry.removeSingleMetric(name);
  const instruments = new Instruments(registry);
  registerSystemGauges(instruments, system, counts);
  return { registry, instruments, stop: system.watch(createMetricsObserver(instruments, system)) };
}

/** What is counted for each event: every maker defines its metrics beside what counts them. */
const createMetricsObserver = (instruments: Instruments, { runtime, domain }: System): Observe =>
  observerOf({
    ...countMessages(instruments, domain, () => runtime.brokerTimeMs),
    ...countTurns(instruments, domain),
    ...countBackends(instruments, domain),
    ...countOperations(instruments, domain),
  });

function countMessages(instruments: Instruments, domain: Domain, brokerTimeMs: () => number) {
  const decisions = instruments.hotCounter("decisions_total", "Messages processed, by result.", ["type", "result"]);
  const events = instruments.hotCounter("events_total", "Events journaled for publishing.", ["type"]);
  for (const type of domain.topicByEventType.keys()) events(type, "", 0);
  const activations = instruments.histogram("activation_seconds", "From introspection to active.", ACTIVATION_SECONDS);
  const duplicates = instruments.counter("duplicate_messages_total", "Messages that were processed before.", {
    type: domain.consumed.map(({ type }) => type),
  });
  const repartitioned = instruments.counter(
    "repartitioned_messages_total",
    "Messages forwarded to the partition of their entity.",
    { topic: domain.consumed.map(({ topic }) => topic) },
  );
  const deadLetters = instruments.counter("dead_letters_total", "Messages that could not be processed.", {
    code: DEAD_LETTER_CODES,
  });
  return {
    decision({ message, decision }: EventOf<"decision">) {
      decisions(message.type, decision.result);
      for (const { type } of decision.events) events(type);
      const tookMs = activationMs(decision, brokerTimeMs);
      if (tookMs !== undefined) activations.observe(tookMs / 1_000);
    },
    repeat: ({ type }: EventOf<"repeat">) => duplicates.inc({ type }),
    repartitioned: ({ topic }: EventOf<"repartitioned">) => repartitioned.inc({ topic }),
    dead_letter: ({ code }: EventOf<"dead_letter">) => deadLetters.inc({ code }),
  };
}

function countTurns(instruments: Instruments, domain: Domain) {
  const turns = instruments.histogram("turn_duration_seconds", "One turn: read, load, step, commit.", SECONDS);
  const turnMessages = instruments.histogram("turn_messages", "Messages per turn.", MESSAGES);
  const published = instruments.counter("published_messages_total", "Messages that the bus confirmed.", {});
  const publishes = instruments.histogram("publish_duration_seconds", "One confirmed publish.", SECONDS);
  const unpublishable = instruments.counter(
    "unpublishable_events_total",
    "Events that the bus refused permanently; they are in the journal.",
    {},
  );
  const lateness = instruments.histogram("deadline_lateness_seconds", "From a deadline to its firing.", LATENESS, [
    "name",
  ]);
  for (const name of domain.deadlineAfterMs.keys()) lateness.zero({ name });
  return {
    turn({ messages, durationMs }: EventOf<"turn">) {
      turnMessages.observe(messages);
      turns.observe(durationMs / 1_000);
    },
    published({ messages, durationMs }: EventOf<"published">) {
      published.inc(messages);
      publishes.observe(durationMs / 1_000);
    },
    unpublishable: () => unpublishable.inc(),
    deadline_fired: ({ name, lateMs }: EventOf<"deadline_fired">) => lateness.observe({ name }, lateMs / 1_000),
  };
}

function countBackends(instruments: Instruments, domain: Domain) {
  const tries = instruments.hotCounter("intent_tries_total", "Tries of intents, by result.", ["type", "result"]);
  const breakers = instruments.gauge("breaker_open", "1 while a backend's circuit breaker is open.", ["backend"]);
  for (const { intentType, backend } of domain.effects.values()) {
    for (const result of INTENT_RESULTS) tries(intentType, result, 0);
    breakers.set({ backend }, 0);
  }
  const compared = { backend: [...domain.reconciled.keys()] };
  const repairs = instruments.counter(
    "reconciliation_repairs_total",
    "Repairs requested for differences between a backend and its entities.",
    compared,
  );
  const failures = instruments.counter(
    "reconciliation_failures_total",
    "Times that a backend could not be compared with its entities.",
    compared,
  );
  return {
    intent: ({ type, result }: EventOf<"intent">) => tries(type, result),
    breaker: ({ backend, open }: EventOf<"breaker">) => breakers.set({ backend }, open ? 1 : 0),
    comparison_done: ({ backend, repairs: count }: EventOf<"comparison_done">) => repairs.inc({ backend }, count),
    comparison_failed: ({ backend }: EventOf<"comparison_failed">) => failures.inc({ backend }),
  };
}

function countOperations(instruments: Instruments, domain: Domain) {
  const unreachable = instruments.counter("unreachable_total", "Times that a dependency became unreachable.", {
    part: PARTS,
  });
  const outages = instruments.counter("outage_seconds_total", "Time for which a dependency was unreachable.", {
    part: PARTS,
  });
  const partitionsLost = instruments.counter("partitions_lost_total", "Partitions that another process took.", {});
  const changes = instruments.counter("contract_changes_total", "Changes of the contracts, by result.", {
    result: CHANGE_RESULTS,
  });
  const holds = instruments.counter("holds_total", "Holds, because too many entities would have changed at once.", {
    kind: [],
    subject: [],
  });
  for (const subject of guardedStates(domain)) holds.inc({ kind: "expiry", subject }, 0);
  for (const subject of domain.reconciled.keys()) holds.inc({ kind: "deletion", subject }, 0);
  return {
    unreachable: ({ part }: EventOf<"unreachable">) => unreachable.inc({ part }),
    recovered: ({ part, outageMs }: EventOf<"recovered">) => outages.inc({ part }, outageMs / 1_000),
    partitions_owned: () => {},
    partitions_lost: ({ partitions }: EventOf<"partitions_lost">) => partitionsLost.inc(partitions.length),
    contracts_in_force: () => changes.inc({ result: "in_force" }),
    contracts_refused: () => changes.inc({ result: "refused" }),
    expiry_held: ({ state: subject }: EventOf<"expiry_held">) => holds.inc({ kind: "expiry", subject }),
    expiry_released: () => {},
    deletions_held: ({ backend: subject }: EventOf<"deletions_held">) => holds.inc({ kind: "deletion", subject }),
  };
}
