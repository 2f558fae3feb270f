import type { RuntimeStatus } from "../../../runtime/shell/runtime.ts";
import type { System } from "../../host/system.ts";
import { VERSION } from "../../version.ts";
import type { NodeCounts } from "../entities/node-counts.ts";
import { stableStates } from "../entities/state-kind.ts";
import type { Instruments } from "./instruments.ts";
import { guardedStates } from "./known-labels.ts";

/** The present status of a system, read at each scrape. */
export function registerSystemGauges(instruments: Instruments, system: System, counts: NodeCounts): void {
  registerContractGauges(instruments, system);
  registerStatusGauges(instruments, system);
  registerHoldGauges(instruments, system);
  registerDriftGauges(instruments, system);
  registerNodeGauge(instruments, system, counts);
}

function registerContractGauges(instruments: Instruments, system: System): void {
  instruments.gauge(
    "build_info",
    "1; version, Node, store and contracts are its labels.",
    ["version", "node", "store", "contract_hash"],
    (gauge) => {
      const { store, domain } = system;
      gauge.set({ version: VERSION, node: process.version, store: store.kind, contract_hash: domain.contractHash }, 1);
    },
  );
  instruments.gauge("contracts_refused", "1 while the last requested contract change is refused.", [], (gauge) =>
    gauge.set(system.runtime.refusedChange ? 1 : 0),
  );
}

function registerStatusGauges(instruments: Instruments, { runtime }: System): void {
  const add = (name: string, help: string, read: (status: RuntimeStatus) => number) =>
    instruments.gauge(name, help, [], (gauge) => gauge.set(read(runtime.status())));
  add("lag_messages", "In the log but not processed yet.", ({ lag }) => lag);
  add("waiting_messages", "Received but not processed yet.", ({ waiting }) => waiting);
  add("intents_pending", "Intents that are not settled.", ({ intents }) => intents);
  add("unpublished_messages", "Journaled but not yet confirmed by the bus.", ({ unpublished }) => unpublished);
  add("deadlines_armed", "Deadlines that may still fire.", ({ deadlines }) => deadlines);
  add("partitions", "Partitions of the topics, over all processes.", ({ partitions }) => partitions);
  add("partitions_owned", "Partitions that this process serves.", ({ owned }) => owned.length);
  add("partitions_refused", "Partitions that were not taken over.", ({ refused }) => refused.length);
  add("bus_up", "1 while the bus is reachable.", ({ bus }) => (bus.ok ? 1 : 0));
  add("store_up", "1 while the store is reachable.", ({ store }) => (store.ok ? 1 : 0));
}

function registerDriftGauges(instruments: Instruments, { runtime }: System): void {
  instruments.gauge(
    "drift_entries",
    "Differences between a backend and the entities of this process's partitions, at the last comparison.",
    ["backend", "kind"],
    (gauge) => {
      for (const { backend, found } of runtime.status().drift)
        for (const [kind, count] of Object.entries(found)) gauge.set({ backend, kind }, count);
    },
  );
  instruments.gauge(
    "reconciliation_age_seconds",
    "Since the last completed comparison with a backend.",
    ["backend"],
    (gauge) => {
      const { drift, brokerTimeMs } = runtime.status();
      for (const { backend, comparedAtMs } of drift)
        if (comparedAtMs !== null) gauge.set({ backend }, (brokerTimeMs - comparedAtMs) / 1_000);
    },
  );
}

function registerHoldGauges(instruments: Instruments, system: System): void {
  const add = (name: string, help: string, read: (hold: { readonly waiting: number }) => number) =>
    instruments.gauge(name, help, ["state"], (gauge) => {
      const holds = new Map(system.runtime.status().holds.map((hold) => [hold.state, hold]));
      for (const state of guardedStates(system.domain)) {
        const hold = holds.get(state);
        gauge.set({ state }, hold ? read(hold) : 0);
      }
    });
  add("expiry_held", "1 while expiry of the state is held, in all processes.", () => 1);
  add("expiry_held_entities", "Nodes of this process whose expiry is held.", ({ waiting }) => waiting);
}

/** Every process exports the same count of all processes: aggregate with max(), not sum(). */
function registerNodeGauge(instruments: Instruments, system: System, counts: NodeCounts): void {
  instruments.gauge("nodes", "Nodes by state, over all processes.", ["state"], async (gauge) => {
    // While the store is unreachable only this gauge is missing.
    const found = await counts.byState().catch(() => undefined);
    if (!found) return;
    for (const { name } of stableStates(system.domain)) gauge.set({ state: name }, found.orchestrator[name] ?? 0);
  });
}
