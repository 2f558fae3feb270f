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
    gauge(name, help, [], (set) => set(read(runtime.status())));
  const buildLabels = ["version", "node", "store", "contract_hash"];
  gauge("build_info", "1; version, Node, store and contracts are its labels.", buildLabels, (set) =>
    set(1, { version: VERSION, node: process.version, store: store.kind, contract_hash: system.domain.contractHash }),
  );
  add("lag_messages", "In the log but not processed yet.", ({ lag }) => lag);
  add("waiting_messages", "Received but not processed yet.", ({ waiting }) => waiting);
  add("intents_pending", "Intents that are not settled.", ({ intents }) => intents);
  add("intents_not_yet", "Intents whose effect answers that it is not done yet.", ({ notYet }) => notYet);
  add("refused_turns", "Outcomes, deadlines and the like whose turn the store refuses now.", ({ refusedTurns }) => {
    return refusedTurns.length;
  });
  add("unpublished_messages", "Journaled but not yet confirmed by the bus.", ({ unpublished }) => unpublished);
  add("deadlines_armed", "Deadlines that may still fire.", ({ deadlines }) => deadlines);
  add("partitions", "Partitions of the topics, over all processes.", ({ partitions }) => partitions);
  add("partitions_owned", "Partitions that this process serves.", ({ owned }) => owned.length);
  const waiting = "Requests of this process that wait for what becomes of a message.";
  gauge("followers", waiting, [], (set) => set(system.following.followers.size));
  registerHoldGauges(gauge, system);
  registerDriftGauges(gauge, system);
  // Every process exports the same count of all processes: aggregate with max(), not sum(). Missing without the store.
  gauge("entities", "Entities by state, over all processes.", ["state"], async (set) => {
    for (const [state, count] of (await counts.byStableState()) ?? []) set(count, { state });
  });
}

function registerHoldGauges(gauge: Instruments["gauge"], system: System): void {
  const help = "Entities of this process whose expiry is held.";
  gauge("expiry_held_entities", help, ["state"], (set) => {
    const { holds } = system.runtime.status();
    for (const state of guardedStates(system.domain))
      set(holds.find((hold) => hold.state === state)?.waiting ?? 0, { state });
  });
}

function registerDriftGauges(gauge: Instruments["gauge"], { runtime }: System): void {
  const differences =
    "Differences between a backend and the entities of this process's partitions, at the last comparison.";
  gauge("drift_entries", differences, ["backend", "kind"], (set) => {
    for (const { backend, found } of runtime.status().drift)
      for (const [kind, count] of Object.entries(found)) set(count, { backend, kind });
  });
  gauge("reconciliation_age_seconds", "Since the last completed comparison with a backend.", ["backend"], (set) => {
    const { drift, brokerTimeMs } = runtime.status();
    for (const { backend, comparedAtMs } of drift)
      if (comparedAtMs !== null) set((brokerTimeMs - comparedAtMs) / 1_000, { backend });
  });
}
