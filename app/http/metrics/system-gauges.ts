import { Gauge, type Registry } from "prom-client";
import type { System } from "../../host/system.ts";
import { VERSION } from "../../version.ts";
import { guardedStates } from "./known-labels.ts";
import type { NodeCounts } from "../entities/node-counts.ts";
import { stableStates } from "../entities/state-kind.ts";

/** What a system is at the moment, read once a scrape. */
export function registerSystemGauges(registry: Registry, system: System, counts: NodeCounts): void {
  registerBuildGauges(registry, system);
  registerStatusGauges(registry, system);
  registerHoldGauges(registry, system);
  registerDriftGauges(registry, system);
  registerNodeGauge(registry, system, counts);
}

function registerBuildGauges(registry: Registry, system: System): void {
  new Gauge({
    name: "rollcall_build_info",
    help: "1; what runs, in its labels.",
    labelNames: ["version", "node", "store", "contract_hash"],
    registers: [registry],
    collect() {
      this.reset();
      const { store, domain } = system;
      this.set({ version: VERSION, node: process.version, store: store.kind, contract_hash: domain.contractHash }, 1);
    },
  });
  new Gauge({
    name: "rollcall_contracts_refused",
    help: "1 while the last change of the contracts that was wanted is refused.",
    registers: [registry],
    collect() {
      this.set(system.runtime.refusedChange ? 1 : 0);
    },
  });
}

function registerStatusGauges(registry: Registry, { runtime }: System): void {
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

function registerDriftGauges(registry: Registry, { runtime }: System): void {
  new Gauge({
    name: "rollcall_drift_entries",
    help:
      "Differences between a backend and what it should hold, of this process's partitions, at the last " +
      "comparison.",
    labelNames: ["backend", "kind"],
    registers: [registry],
    collect() {
      for (const { backend, found } of runtime.status().drift)
        for (const [kind, count] of Object.entries(found)) this.set({ backend, kind }, count);
    },
  });
  new Gauge({
    name: "rollcall_reconciliation_age_seconds",
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

function registerHoldGauges(registry: Registry, system: System): void {
  const gauge = (name: string, help: string, read: (hold: { readonly waiting: number }) => number) =>
    new Gauge({
      name: `rollcall_${name}`,
      help,
      labelNames: ["state"],
      registers: [registry],
      collect() {
        this.reset();
        const holds = new Map(system.runtime.status().holds.map((hold) => [hold.state, hold]));
        for (const state of guardedStates(system.domain)) {
          const hold = holds.get(state);
          this.set({ state }, hold ? read(hold) : 0);
        }
      },
    });
  gauge("expiry_held", "1 while expiry of the state is held, in all processes.", () => 1);
  gauge("expiry_held_entities", "Nodes of this process whose expiry is held.", ({ waiting }) => waiting);
}

/** Over all processes: every one of them tells the same, so take max() and not sum(). */
function registerNodeGauge(registry: Registry, system: System, counts: NodeCounts): void {
  new Gauge({
    name: "rollcall_nodes",
    help: "Nodes by state, over all processes.",
    labelNames: ["state"],
    registers: [registry],
    async collect() {
      this.reset();
      // A store that is out of reach leaves the count out, and the other metrics in.
      const found = await counts.byState().catch(() => undefined);
      if (found) for (const { name } of stableStates(system.domain)) this.set({ state: name }, found.get(name) ?? 0);
    },
  });
}
