import { Gauge, type Registry } from "prom-client";
import type { System } from "../../host/system.ts";
import { VERSION } from "../../version.ts";
import { guardedStates } from "./known-labels.ts";
import type { NodeCounts } from "../entities/node-counts.ts";
import { stableStates } from "../entities/state-kind.ts";

/** The present status of a system, read at each scrape. */
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
    help: "1; version, Node, store and contracts are its labels.",
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
    help: "1 while the last requested contract change is refused.",
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
  gauge("lag_messages", "In the log but not processed yet.", ({ lag }) => lag);
  gauge("waiting_messages", "Received but not processed yet.", ({ waiting }) => waiting);
  gauge("intents_pending", "Intents that are not settled.", ({ intents }) => intents);
  gauge("unpublished_messages", "Journaled but not yet confirmed by the bus.", ({ unpublished }) => unpublished);
  gauge("deadlines_armed", "Deadlines that may still fire.", ({ deadlines }) => deadlines);
  gauge("partitions", "Partitions of the topics, over all processes.", ({ partitions }) => partitions);
  gauge("partitions_owned", "Partitions that this process serves.", ({ owned }) => owned.length);
  gauge("partitions_refused", "Partitions that were not taken over.", ({ refused }) => refused.length);
  gauge("bus_up", "1 while the bus is reachable.", ({ bus }) => (bus.ok ? 1 : 0));
  gauge("store_up", "1 while the store is reachable.", ({ store }) => (store.ok ? 1 : 0));
}

function registerDriftGauges(registry: Registry, { runtime }: System): void {
  new Gauge({
    name: "rollcall_drift_entries",
    help: "Differences between a backend and the entities of this process's partitions, at the last comparison.",
    labelNames: ["backend", "kind"],
    registers: [registry],
    collect() {
      for (const { backend, found } of runtime.status().drift)
        for (const [kind, count] of Object.entries(found)) this.set({ backend, kind }, count);
    },
  });
  new Gauge({
    name: "rollcall_reconciliation_age_seconds",
    help: "Since the last completed comparison with a backend.",
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

/** Every process exports the same count of all processes: aggregate with max(), not sum(). */
function registerNodeGauge(registry: Registry, system: System, counts: NodeCounts): void {
  new Gauge({
    name: "rollcall_nodes",
    help: "Nodes by state, over all processes.",
    labelNames: ["state"],
    registers: [registry],
    async collect() {
      this.reset();
      // While the store is unreachable only this gauge is missing.
      const found = await counts.byState().catch(() => undefined);
      if (found)
        for (const { name } of stableStates(system.domain)) this.set({ state: name }, found.orchestrator[name] ?? 0);
    },
  });
}
