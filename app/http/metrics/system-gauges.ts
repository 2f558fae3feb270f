import type { Domain } from "../../../runtime/core/domain.ts";
import type { RuntimeStatus } from "../../../runtime/shell/runtime.ts";
import type { System } from "../../host/compose.ts";
import { VERSION } from "../../version.ts";
import type { EntityCounts } from "../entities/entity-counts.ts";
import type { Instruments } from "./instruments.ts";

export const guardedStates = ({ orchestrator }: Domain): readonly string[] =>
  [...orchestrator.states.values()].flatMap(({ name, deadline }) => (deadline?.expiryGuard ? [name] : []));

/** The present status of a system, read at each scrape. */
export function registerSystemGauges({ gauge }: Instruments, system: System, counts: EntityCounts): void {
  const { runtime, store } = system;
  const add = (name: string, help: string, read: (status: RuntimeStatus) => number) =>
    gauge(name, help, [], (made) => made.set(read(runtime.status())));
  const buildLabels = ["version", "node", "store", "contract_hash"];
  gauge("build_info", "1; version, Node, store and contracts are its labels.", buildLabels, (made) =>
    made.labels(VERSION, process.version, store.kind, system.domain.contractHash).set(1),
  );
  add("contracts_refused", "1 while the last requested contract change is refused.", () =>
    runtime.refusedChange ? 1 : 0,
  );
  add("lag_messages", "In the log but not processed yet.", ({ lag }) => lag);
  add("waiting_messages", "Received but not processed yet.", ({ waiting }) => waiting);
  add("intents_pending", "Intents that are not settled.", ({ intents }) => intents);
  add("unpublished_messages", "Journaled but not yet confirmed by the bus.", ({ unpublished }) => unpublished);
  add("deadlines_armed", "Deadlines that may still fire.", ({ deadlines }) => deadlines);
  add("partitions", "Partitions of the topics, over all processes.", ({ partitions }) => partitions);
  add("partitions_owned", "Partitions that this process serves.", ({ owned }) => owned.length);
  add("partitions_refused", "Partitions that were not taken over.", ({ refused }) => refused.length);
  add("bus_up", "1 while the bus is reachable.", ({ bus }) => (bus.ok ? 1 : 0));
  add("store_up", "1 while the store is reachable.", ({ store: { ok } }) => (ok ? 1 : 0));
  registerHoldGauges(gauge, system);
  registerDriftGauges(gauge, system);
  // Every process exports the same count of all processes: aggregate with max(), not sum(). Missing without the store.
  gauge("nodes", "Nodes by state, over all processes.", ["state"], async (made) => {
    for (const [state, nodes] of (await counts.byStableState()) ?? []) made.set({ state }, nodes);
  });
}

function registerHoldGauges(gauge: Instruments["gauge"], system: System): void {
  const add = (name: string, help: string, read: (hold: { readonly waiting: number }) => number) =>
    gauge(name, help, ["state"], (made) => {
      const { holds } = system.runtime.status();
      for (const state of guardedStates(system.domain)) {
        const hold = holds.find((each) => each.state === state);
        made.set({ state }, hold ? read(hold) : 0);
      }
    });
  add("expiry_held", "1 while expiry of the state is held, in all processes.", () => 1);
  add("expiry_held_entities", "Nodes of this process whose expiry is held.", ({ waiting }) => waiting);
}

function registerDriftGauges(gauge: Instruments["gauge"], { runtime }: System): void {
  const differences =
    "Differences between a backend and the entities of this process's partitions, at the last comparison.";
  gauge("drift_entries", differences, ["backend", "kind"], (made) => {
    for (const { backend, found } of runtime.status().drift)
      for (const [kind, count] of Object.entries(found)) made.set({ backend, kind }, count);
  });
  gauge("reconciliation_age_seconds", "Since the last completed comparison with a backend.", ["backend"], (made) => {
    const { drift, brokerTimeMs } = runtime.status();
    for (const { backend, comparedAtMs } of drift)
      if (comparedAtMs !== null) made.set({ backend }, (brokerTimeMs - comparedAtMs) / 1_000);
  });
}
