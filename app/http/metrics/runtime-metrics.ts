import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import type { ShellEvent } from "../../../runtime/shell/shell-event.ts";
import type { System } from "../../host/system.ts";
import { activationMs } from "../entities/activation-time.ts";
import { CHANGE_RESULTS, DEAD_LETTER_CODES, guardedStates, INTENT_RESULTS, PARTS } from "./known-labels.ts";
import type { NodeCounts } from "../entities/node-counts.ts";
import { registerSystemGauges } from "./system-gauges.ts";

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const ACTIVATION_SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const LATENESS_SECONDS = [0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60];
/** Gauges of Node that are called as if they were counters; the same by kind, without `_total`, stays. */
const MISNAMED_GAUGES = [
  "nodejs_active_handles_total",
  "nodejs_active_requests_total",
  "nodejs_active_resources_total",
];

/** A registry of its own: two systems in one process count apart. No label ever names a node. */
export function createRuntimeMetrics(
  system: System,
  counts: NodeCounts,
): { readonly registry: Registry; readonly stop: () => void } {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const name of MISNAMED_GAUGES) registry.removeSingleMetric(name);
  registerSystemGauges(registry, system, counts);
  const stop = system.watch(createMetricsObserver(registry, system));
  return { registry, stop };
}

function createMetricsObserver(registry: Registry, { runtime, domain }: System): (event: ShellEvent) => void {
  const registers = [registry];
  /**
   * Each value that is known begins at 0: a series that begins with its first event has no rise that an alarm could
   * see.
   */
  const counter = <Label extends string>(
    name: string,
    help: string,
    knownValues: Readonly<Record<Label, readonly string[]>>,
  ) => {
    const labelNames = Object.keys(knownValues) as Label[];
    const made = new Counter({ name: `rollcall_${name}`, help, labelNames, registers });
    for (const label of labelNames)
      for (const value of knownValues[label]) made.inc({ [label]: value } as Record<Label, string>, 0);
    return made;
  };
  const deferredCounter = <Label extends string>(name: string, help: string, labelNames: readonly [Label, Label?]) =>
    createDeferredCounter({ name: `rollcall_${name}`, help, registers }, labelNames);
  const seconds = <Label extends string>(
    name: string,
    help: string,
    buckets: number[],
    labelNames: readonly Label[] = [],
  ) => new Histogram({ name: `rollcall_${name}`, help, labelNames, buckets, registers });

  const backends = [...domain.reconciled.keys()];

  const decisions = deferredCounter("decisions_total", "Messages stepped, by what came of them.", ["type", "result"]);
  const events = deferredCounter("events_total", "Events journaled for publishing.", ["type"]);
  const repeats = counter("duplicate_messages_total", "Messages that were taken before.", {
    type: domain.consumed.map(({ type }) => type),
  });
  const repartitioned = counter("repartitioned_messages_total", "Messages sent on to the partition of their entity.", {
    topic: domain.consumed.map(({ topic }) => topic),
  });
  const deadLetters = counter("dead_letters_total", "Messages that could not be taken.", { code: DEAD_LETTER_CODES });
  const intents = deferredCounter("intent_tries_total", "Tries of intents, by how they ended.", ["type", "result"]);
  const published = counter("published_messages_total", "Messages that the bus confirmed.", {});
  const troubles = counter("unreachable_total", "Times that a part could not be reached.", { part: PARTS });
  const partitionsLost = counter("partitions_lost_total", "Partitions that another process took.", {});
  const unpublishable = counter(
    "unpublishable_events_total",
    "Events that the bus refused for good; they are in the journal.",
    {},
  );
  const outages = counter("outage_seconds_total", "Time for which a part was out of reach.", { part: PARTS });
  const turns = seconds("turn_duration_seconds", "One turn: read, load, step, commit.", SECONDS);
  const turnMessages = new Histogram({
    name: "rollcall_turn_messages",
    help: "Messages of one turn.",
    buckets: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000],
    registers,
  });
  const publishes = seconds("publish_duration_seconds", "One confirmed publish.", SECONDS);
  const lateness = seconds("deadline_lateness_seconds", "From a deadline to its firing.", LATENESS_SECONDS, ["name"]);
  const activations = seconds("activation_seconds", "From an introspection to active.", ACTIVATION_SECONDS);
  const breakers = new Gauge({
    name: "rollcall_breaker_open",
    help: "1 while a backend's breaker is open.",
    labelNames: ["backend"],
    registers,
  });
  const holds = counter("holds_total", "Times that something was held because too much would have gone at once.", {
    kind: [],
    subject: [],
  });
  const repairs = counter("reconciliation_repairs_total", "Differences of a backend that were asked to be repaired.", {
    backend: backends,
  });
  const changes = counter("contract_changes_total", "Changes of the contracts, by what came of them.", {
    result: CHANGE_RESULTS,
  });
  const uncompared = counter("reconciliation_failures_total", "Times that a backend could not be compared.", {
    backend: backends,
  });

  for (const type of domain.topicByEventType.keys()) events(type, "", 0);
  for (const { intentType, backend } of domain.effects.values()) {
    for (const result of INTENT_RESULTS) intents(intentType, result, 0);
    breakers.set({ backend }, 0);
  }
  for (const name of domain.deadlineAfterMs.keys()) lateness.zero({ name });
  for (const subject of guardedStates(domain)) holds.inc({ kind: "expiry", subject }, 0);
  for (const subject of backends) holds.inc({ kind: "deletion", subject }, 0);

  return (event) => {
    switch (event.kind) {
      case "decision": {
        decisions(event.message.type, event.decision.result);
        for (const { type } of event.decision.events) events(type);
        const tookMs = activationMs(event.decision, () => runtime.brokerTimeMs);
        if (tookMs !== undefined) activations.observe(tookMs / 1_000);
        return;
      }
      case "repeat":
        return repeats.inc({ type: event.type });
      case "repartitioned":
        return repartitioned.inc({ topic: event.topic });
      case "dead_letter":
        return deadLetters.inc({ code: event.code });
      case "intent":
        return intents(event.type, event.result);
      case "turn":
        turnMessages.observe(event.messages);
        return turns.observe(event.durationMs / 1_000);
      case "published":
        published.inc(event.messages);
        return publishes.observe(event.durationMs / 1_000);
      case "deadline_fired":
        return lateness.observe({ name: event.name }, event.lateMs / 1_000);
      case "breaker":
        return breakers.set({ backend: event.backend }, event.open ? 1 : 0);
      case "unreachable":
        return troubles.inc({ part: event.part });
      case "recovered":
        return outages.inc({ part: event.part }, event.outageMs / 1_000);
      case "partitions_lost":
        return partitionsLost.inc(event.partitions.length);
      case "unpublishable":
        return unpublishable.inc();
      case "expiry_held":
        return holds.inc({ kind: "expiry", subject: event.state });
      case "deletions_held":
        return holds.inc({ kind: "deletion", subject: event.backend });
      case "contracts_in_force":
        return changes.inc({ result: "in_force" });
      case "contracts_refused":
        return changes.inc({ result: "refused" });
      case "comparison_done":
        return repairs.inc({ backend: event.backend }, event.repairs);
      case "comparison_failed":
        return uncompared.inc({ backend: event.backend });
      case "partitions_owned":
      case "expiry_released":
        return;
    }
  };
}

/** A counter of what happens several times for every message: added up here, told when it is asked for. */
function createDeferredCounter<Label extends string>(
  about: { readonly name: string; readonly help: string; readonly registers: Registry[] },
  labelNames: readonly [Label, Label?],
): (first: string, second?: string, count?: number) => void {
  const pending = new Map<string, Map<string, number>>();
  new Counter({
    ...about,
    labelNames: labelNames.filter((name) => name !== undefined),
    collect() {
      for (const [first, ofFirst] of pending)
        for (const [second, count] of ofFirst)
          this.inc(
            { [labelNames[0]]: first, ...(labelNames[1] && { [labelNames[1]]: second }) } as Record<Label, string>,
            count,
          );
      pending.clear();
    },
  });
  return (first, second = "", count = 1) => {
    let ofFirst = pending.get(first);
    if (!ofFirst) pending.set(first, (ofFirst = new Map()));
    ofFirst.set(second, (ofFirst.get(second) ?? 0) + count);
  };
}
