import { partitionOf } from "../../../runtime/core/murmur2.ts";
import type { System } from "../../host/system.ts";
import { readPartitionServices } from "../health/health.routes.ts";
import { unreachableParts } from "../health/troubles.ts";
import type { Explanation, PendingIntent } from "./explanation.ts";

type Facts = Pick<System, "store" | "runtime" | "domain">;

const nodePartition = ({ runtime }: Facts, nodeId: string): number =>
  partitionOf(nodeId, Math.max(1, runtime.status().partitions));

/** The node's intents that are not settled, oldest first, with the tries that this process made. */
export async function readPendingIntents(system: Facts, nodeId: string): Promise<PendingIntent[]> {
  const { store, runtime, domain } = system;
  const rows = await store.query<{ id: string; type: string; target: string; created_at: Date }>(
    `select id, type, target, created_at from rollcall.intent
      where domain = $1 and partition = $2 and entity_id = $3 order by seq`,
    [domain.name, nodePartition(system, nodeId), nodeId],
  );
  const tries = runtime.triesOf(nodeId);
  return rows.map(({ id, type, target, created_at }) => ({
    ...{ id, type, target },
    asked_at: created_at.toISOString(),
    tries: [...(tries.get(id) ?? [])],
  }));
}

/** Dead letters whose key is the node's id, newest first, at most 10. */
export async function readNodeDeadLetters(
  { store, domain }: Facts,
  nodeId: string,
): Promise<Explanation["dead_letters"]> {
  const rows = await store.query<{ id: string; at: Date; error_code: string; error: string }>(
    `select id, at, error_code, error from rollcall.dead_letter
      where domain = $1 and key = $2 and retried_at is null order by at desc limit 10`,
    [domain.name, Buffer.from(nodeId)],
  );
  return rows.map(({ id, at, error_code: code, error }) => ({ id, at: at.toISOString(), code, error }));
}

/** Outages that stop every node of the same partition. */
export async function readOutages(system: Facts, nodeId: string): Promise<string[]> {
  const { bus, store, refused } = system.runtime.status();
  const partition = nodePartition(system, nodeId);
  const services = await readPartitionServices(system);
  const service = services.find((each) => each.partition === partition);
  return [
    ...unreachableParts({ bus, store }).map(({ line }) => line),
    ...(service && !service.isServed
      ? [`no process has served its partition ${partition} for ${Math.floor(service.seconds)} s`]
      : []),
    ...refused.filter((reason) => reason.includes(`partition ${partition} `)),
  ];
}
