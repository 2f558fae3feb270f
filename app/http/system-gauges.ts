import { Gauge, type Registry } from "prom-client";
import { NO_ENTITY } from "../../runtime/core/domain.ts";
import type { System } from "../system.ts";
import { VERSION } from "../version.ts";
import { guardedStates } from "./known-labels.ts";

/** How long the count of nodes by state is good for. */
const COUNT_CACHE_MS = 1_000;

/** What a system is at the moment, read once a scrape. */
export function describeSystem(registry: Registry, system: System): void {
  describeBuild(registry, system);
  describeStatus(registry, system);
  describeHolds(registry, system);
  describeDrift(registry, system);
  describeNodes(registry, system);
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
  gauge("partitions", "Partitions of the topics, over all processes.", ({ partitions }) => partitions);
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
  const guarded = guardedStates(domain);
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
function describeNodes(registry: Registry, { store, domain, clock }: System): void {
  const states = [...domain.orchestrator.states.values()].filter(
    ({ name, transient }) => name !== NO_ENTITY && !transient,
  );
  let cached: { readonly atMs: number; readonly counts: Promise<ReadonlyMap<string, number>> } | undefined;
  const counts = (): Promise<ReadonlyMap<string, number>> => {
    if (cached === undefined || clock.monotonicMs() - cached.atMs > COUNT_CACHE_MS)
      cached = { atMs: clock.monotonicMs(), counts: countByState(store, domain.name) };
    return cached.counts;
  };
  new Gauge({
    name: "rollcall_nodes",
    help: "Nodes by state, over all processes.",
    labelNames: ["state"],
    registers: [registry],
    async collect() {
      this.reset();
      // A store that is out of reach leaves the count out, and the other metrics in.
      const found = await counts().catch(() => undefined);
      if (found) for (const { name } of states) this.set({ state: name }, found.get(name) ?? 0);
    },
  });
}

async function countByState(store: System["store"], domain: string): Promise<ReadonlyMap<string, number>> {
  const rows = await store.query<{ state: string; count: number }>(
    `select state, count(*)::int as count from rollcall.entity where domain = $1 and state is not null group by state`,
    [domain],
  );
  return new Map(rows.map(({ state, count }) => [state, count]));
}
