import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import type { ShellEvent } from "../../runtime/shell/shell-event.ts";
import type { System } from "../system.ts";
import { VERSION } from "../version.ts";
import { activationMs } from "./activation.ts";
import type { NodeCounts } from "./node-counts.ts";
import { restingStates } from "./state-kind.ts";

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const ACTIVATION_SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const LATE_SECONDS = [0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60];

/** A registry of its own: two systems in one process count apart. No label ever names a node. */
export function shellMetrics(
  system: System,
  counts: NodeCounts,
): { readonly registry: Registry; readonly stop: () => void } {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  describeBuild(registry, system);
  describeStatus(registry, system);
  describeHolds(registry, system);
  describeDrift(registry, system);
  describeNodes(registry, system, counts);
  const stop = system.watch(counting(registry, system));
  return { registry, stop };
}

function counting(registry: Registry, { runtime }: System): (event: ShellEvent) => void {
  const registers = [registry];
  const counter = <Label extends string>(name: string, help: string, labelNames: readonly Label[]) =>
    new Counter({ name: `rollcall_${name}`, help, labelNames, registers });
  const tally = <Label extends string>(name: string, help: string, labelNames: readonly [Label, Label?]) =>
    tallied({ name: `rollcall_${name}`, help, registers }, labelNames);
  const seconds = <Label extends string>(name: string, help: string, buckets: number[], labelNames: readonly Label[] = []) => new Histogram({ name: `rollcall_${name}`, help, labelNames, buckets, registers }); // prettier-ignore

  const decided = tally("decisions_total", "Messages stepped, by what came of them.", ["type", "result"]);
  const journaled = tally("events_total", "Events journaled for publishing.", ["type"]);
  const repeats = counter("repeated_messages_total", "Messages that were taken before.", ["type"]);
  const rekeyed = counter("rekeyed_messages_total", "Messages sent on to the partition of their entity.", ["topic"]);
  const deadLetters = counter("dead_letters_total", "Messages that could not be taken.", ["code"]);
  const tried = tally("intents_total", "Tries of intents, by how they ended.", ["type", "result"]);
  const published = counter("published_messages_total", "Messages that the bus confirmed.", []);
  const troubles = counter("troubles_total", "Times that a part could not be reached.", ["part"]);
  const lost = counter("partitions_lost_total", "Partitions that another process took.", []);
  const unpublishable = counter(
    "unpublishable_total",
    "Events that the bus refused for good; they are in the journal.",
    [],
  );
  const outages = counter("outage_seconds_total", "Time for which a part was out of reach.", ["part"]);
  const turns = seconds("turn_duration_seconds", "One turn: read, load, step, commit.", SECONDS);
  const turnMessages = new Histogram({
    name: "rollcall_turn_messages",
    help: "Messages of one turn.",
    buckets: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000],
    registers,
  });
  const publishes = seconds("publish_duration_seconds", "One confirmed publish.", SECONDS);
  const lateness = seconds("deadline_lateness_seconds", "From a deadline to its firing.", LATE_SECONDS, ["name"]);
  const activations = seconds("activation_seconds", "From an introspection to active.", ACTIVATION_SECONDS);
  const breakers = new Gauge({
    name: "rollcall_breaker_open",
    help: "1 while a backend's breaker is open.",
    labelNames: ["backend"],
    registers,
  });
  const holds = counter("holds_total", "Times that something was held because too much would have gone at once.", ["kind", "subject"]); // prettier-ignore
  const repairs = counter("repairs_total", "Differences of a backend that were asked to be repaired.", ["backend"]);
  const uncompared = counter("comparisons_failed_total", "Times that a backend could not be compared.", ["backend"]);

  return (event) => {
    switch (event.kind) {
      case "decision": {
        decided(event.message.type, event.decision.result);
        for (const { type } of event.decision.events) journaled(type);
        const tookMs = activationMs(event.decision, () => runtime.brokerTimeMs);
        if (tookMs !== undefined) activations.observe(tookMs / 1_000);
        return;
      }
      case "repeat":
        return repeats.inc({ type: event.type });
      case "rekeyed":
        return rekeyed.inc({ topic: event.topic });
      case "dead_letter":
        return deadLetters.inc({ code: event.code });
      case "intent":
        return tried(event.type, event.result);
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
      case "trouble":
        return troubles.inc({ part: event.part });
      case "recovered":
        return outages.inc({ part: event.part }, event.outageMs / 1_000);
      case "lost":
        return lost.inc(event.partitions.length);
      case "unpublishable":
        return unpublishable.inc();
      case "expiry_held":
        return holds.inc({ kind: "expiry", subject: event.state });
      case "deletions_held":
        return holds.inc({ kind: "deletion", subject: event.backend });
      case "compared":
        return repairs.inc({ backend: event.backend }, event.repairs);
      case "uncompared":
        return uncompared.inc({ backend: event.backend });
      case "partitions":
      case "expiry_released":
        return;
    }
  };
}

/** A counter of what happens several times for every message: added up here, told when it is asked for. */
function tallied<Label extends string>(
  about: { readonly name: string; readonly help: string; readonly registers: Registry[] },
  labelNames: readonly [Label, Label?],
): (first: string, second?: string) => void {
  const untold = new Map<string, Map<string, number>>();
  new Counter({
    ...about,
    labelNames: labelNames.filter((name) => name !== undefined),
    collect() {
      for (const [first, ofFirst] of untold)
        for (const [second, count] of ofFirst)
          this.inc({ [labelNames[0]]: first, ...(labelNames[1] && { [labelNames[1]]: second }) } as Record<Label, string>, count); // prettier-ignore
      untold.clear();
    },
  });
  return (first, second = "") => {
    let ofFirst = untold.get(first);
    if (!ofFirst) untold.set(first, (ofFirst = new Map()));
    ofFirst.set(second, (ofFirst.get(second) ?? 0) + 1);
  };
}

function describeBuild(registry: Registry, { domain, store }: System): void {
  const info = new Gauge({
    name: "rollcall_build_info",
    help: "1; what runs, in its labels.",
    labelNames: ["version", "node", "store", "contract_hash"],
    registers: [registry],
  });
  info.set({ version: VERSION, node: process.version, store: store.kind, contract_hash: domain.hash }, 1);
}

/** Read once a scrape. */
function describeStatus(registry: Registry, { runtime }: System): void {
  const gauge = (name: string, help: string, read: (status: ReturnType<typeof runtime.status>) => number) =>
    new Gauge({
      name: `rollcall_${name}`,
      help,
      registers: [registry],
      collect() {
        this.set(read(runtime.status()));
      },
    });
  gauge("lag_messages", "In the log but not taken in yet.", ({ lag }) => lag);
  gauge("waiting_messages", "Received but not stepped yet.", ({ waiting }) => waiting);
  gauge("intents_pending", "Intents that are not finished.", ({ intents }) => intents);
  gauge("unpublished_messages", "Journaled but not yet confirmed by the bus.", ({ unpublished }) => unpublished);
  gauge("deadlines_armed", "Deadlines that may still fire.", ({ deadlines }) => deadlines);
  gauge("partitions_owned", "Partitions that this process serves.", ({ owned }) => owned.length);
  gauge("partitions_refused", "Partitions that were not taken over.", ({ refused }) => refused.length);
  gauge("bus_up", "Whether the bus answers.", ({ bus }) => (bus.ok ? 1 : 0));
  gauge("store_up", "Whether the store answers.", ({ store }) => (store.ok ? 1 : 0));
}

function describeDrift(registry: Registry, { runtime }: System): void {
  new Gauge({
    name: "rollcall_drift",
    help: "Differences between a backend and what it should hold, of this process's partitions, at the last comparison.",
    labelNames: ["backend", "kind"],
    registers: [registry],
    collect() {
      for (const { backend, found } of runtime.status().drift)
        for (const [kind, count] of Object.entries(found)) this.set({ backend, kind }, count);
    },
  });
  new Gauge({
    name: "rollcall_comparison_age_seconds",
    help: "Since the last comparison with a backend that came to an end.",
    labelNames: ["backend"],
    registers: [registry],
    collect() {
      const { drift, brokerTimeMs } = runtime.status();
      for (const { backend, comparedAtMs } of drift)
        if (comparedAtMs !== null) this.set({ backend }, (brokerTimeMs - comparedAtMs) / 1_000);
    },
  });
}

function describeHolds(registry: Registry, { runtime, domain }: System): void {
  const guarded = [...domain.orchestrator.states.values()].flatMap(({ name, deadline }) => (deadline?.expiryGuard ? [name] : [])); // prettier-ignore
  const gauge = (name: string, help: string, read: (hold: { readonly waiting: number }) => number) =>
    new Gauge({
      name: `rollcall_${name}`,
      help,
      labelNames: ["state"],
      registers: [registry],
      collect() {
        const holds = new Map(runtime.status().holds.map((hold) => [hold.state, hold]));
        for (const state of guarded) {
          const hold = holds.get(state);
          this.set({ state }, hold ? read(hold) : 0);
        }
      },
    });
  gauge("expiry_held", "1 while expiry of the state is held, in all processes.", () => 1);
  gauge("expiry_waiting", "Nodes of this process whose expiry is held.", ({ waiting }) => waiting);
}

/** Over all processes: every one of them tells the same, so take max() and not sum(). */
function describeNodes(registry: Registry, { domain }: System, counts: NodeCounts): void {
  new Gauge({
    name: "rollcall_nodes",
    help: "Nodes by state, over all processes.",
    labelNames: ["state"],
    registers: [registry],
    async collect() {
      this.reset();
      // A store that is out of reach leaves the count out, and the other metrics in.
      const found = await counts.byState().catch(() => undefined);
      if (found) for (const { name } of restingStates(domain)) this.set({ state: name }, found.get(name) ?? 0);
    },
  });
}
