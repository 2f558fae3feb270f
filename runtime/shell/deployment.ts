import { Fault } from "../core/fault.ts";
import type { Sql, Store } from "../ports/store.ts";
import { servedPartitions } from "../stored/domains.ts";
import { lockPartitions } from "../stored/partition-owners.ts";
import { deleteAllSourceOffsets } from "../stored/source-offsets.ts";
import { describeServed, refuseWhileServed } from "./partitions/served-domains.ts";

/** What all processes on one store must agree on: otherwise they would decide on the messages of different logs. */
export interface Deployment {
  readonly env: string;
  readonly namespace: string;
  /** Kafka's; null in the embedded mode, and for a broker that has none. */
  readonly clusterId: string | null;
  /** Of each domain; null in the embedded mode. */
  readonly consumerGroups: Readonly<Record<string, string | null>>;
}

/**
 * Makes the store that of this deployment if it remembers none yet. Of processes that start at once the first decides.
 * What the store does not know yet is added: another domain, and the id of a cluster that had none.
 * @throws Fault DEPLOYMENT_DIFFERS, not retryable: the store remembers another one; nothing was changed
 */
export function claimStore(store: Store, own: Deployment): Promise<void> {
  return store.transaction(async (tx) => {
    // The first statement locks the row, so that two of these run one after the other.
    await tx.query(
      `insert into rollcall.deployment as known (id, env, namespace, cluster_id) values (1, $1, $2, $3)
       on conflict (id) do update set cluster_id = coalesce(known.cluster_id, excluded.cluster_id)`,
      [own.env, own.namespace, own.clusterId],
    );
    await tx.query(
      `insert into rollcall.domain as known (name, consumer_group) select * from unnest($1::text[], $2::text[])
       on conflict (name) do update set consumer_group = coalesce(known.consumer_group, excluded.consumer_group)`,
      [Object.keys(own.consumerGroups), Object.values(own.consumerGroups)],
    );
    await assertDeployment(tx, own);
  });
}

/**
 * Also asked in each takeover: the store may have been moved since the process started.
 * @throws Fault DEPLOYMENT_DIFFERS, not retryable: names what differs and the remedy
 */
export async function assertDeployment(sql: Sql, own: Deployment): Promise<void> {
  const stored = await readDeployment(sql);
  if (!stored) return;
  const differences = differencesBetween(stored, own);
  if (differences.length > 0) throw await deploymentDiffers(sql, own, differences);
  const taken = sharedGroup(stored, own);
  if (taken === undefined) return;
  const text =
    `the consumer group ${taken.group} is the one of the domain ${taken.other}, and can't be that of ${taken.domain} ` +
    `too: set KAFKA_GROUP_ID=${taken.group}.{domain}, or unset it`;
  throw new Fault("DEPLOYMENT_DIFFERS", text, { retryable: false });
}

async function deploymentDiffers(sql: Sql, own: Deployment, differences: readonly Difference[]): Promise<Fault> {
  const named = differences.map(({ name, stored, own }) => `${name} is ${quoted(stored)} there, ${quoted(own)} here`);
  const [served] = await servedPartitions(sql);
  const state = served ? describeServed(served) : "nothing is served there";
  const options = [`--env ${own.env}`, ...differences.flatMap(({ option }) => option ?? [])].join(" ");
  return new Fault(
    "DEPLOYMENT_DIFFERS",
    `the store belongs to another deployment: ${named.join("; ")}; ${state}. Configure this process as the store has ` +
      `it, or give it a store of its own. To make the store this deployment's, ` +
      `${served ? "stop every process on it and " : ""}run \`rollcall store move ${options}\``,
    { retryable: false },
  );
}

export const isDeploymentDifference = (error: unknown): boolean =>
  error instanceof Fault && error.code === "DEPLOYMENT_DIFFERS";

/** Undefined: nothing was started on this store yet. */
export async function readDeployment(sql: Sql): Promise<Deployment | undefined> {
  const [row] = await sql.query<Deployment>(
    `select env, namespace, cluster_id as "clusterId",
       coalesce((select json_object_agg(name, consumer_group order by name) from rollcall.domain), '{}')
         as "consumerGroups"
       from rollcall.deployment`,
  );
  return row;
}

interface Difference {
  readonly name: string;
  readonly stored: string | null;
  readonly own: string | null;
  /** Of `rollcall store move`. */
  readonly option?: string;
}

function differencesBetween(stored: Deployment, own: Deployment): Difference[] {
  const isDifferent = (each: Difference): boolean => each.stored !== each.own;
  const differences = [
    { name: "ROLLCALL_ENV", stored: stored.env, own: own.env },
    {
      ...{ name: "ROLLCALL_NAMESPACE", stored: stored.namespace, own: own.namespace },
      option: `--namespace ${quoted(own.namespace)}`,
    },
    // An id never vanishes: a cluster without one is not the one that is remembered.
    { name: "Kafka's cluster", stored: stored.clusterId, own: own.clusterId, option: "--new-cluster" },
  ].filter(isDifferent);
  // By default they are named after the others.
  if (differences.length > 0) return differences;
  return Object.entries(own.consumerGroups)
    .map(([domain, group]) => ({
      ...{ name: `the consumer group of ${domain}`, stored: stored.consumerGroups[domain] ?? null, own: group },
      option: `--group ${domain}=${group}`,
    }))
    .filter(isDifferent);
}

/** Two domains in one group: its members would be given partitions of topics that they don't read. */
function sharedGroup(stored: Deployment, own: Deployment) {
  const groups = Object.entries(stored.consumerGroups);
  for (const [domain, group] of Object.entries(own.consumerGroups)) {
    const other = groups.find(([name, other]) => group !== null && other === group && name !== domain)?.[0];
    if (group !== null && other !== undefined) return { domain, other, group };
  }
  return undefined;
}

const quoted = (value: string | null): string => (value === null ? "none" : value === "" ? '""' : value);

export interface StoreMove {
  readonly env: string;
  /** Undefined: as it is. */
  readonly namespace: string | undefined;
  /** The id of the cluster that is configured. */
  readonly clusterId: string | null;
  /** That it may be another cluster. The stored offsets mean nothing there and are deleted. */
  readonly isNewCluster: boolean;
  /** By domain. Of the other domains the group is forgotten: their next start decides. */
  readonly consumerGroups: Readonly<Record<string, string>>;
}

/**
 * Changes what the store remembers.
 * @returns what it remembers now, and how many offsets were deleted
 * @throws Fault STILL_SERVED, not retryable, while a process serves anything; Error for another cluster without
 *   `isNewCluster`, and for the group of a domain that is not known
 */
export function moveStore(store: Store, move: StoreMove) {
  return store.transaction(async (tx) => {
    // A takeover locks its partitions before it asks for the deployment: it either counts as served here or sees this.
    await lockPartitions(tx);
    // A data folder has one process at most, and that is this one.
    if (store.kind === "postgres") await refuseWhileServed(tx);
    const before = await readDeployment(tx);
    const known = Object.keys(before?.consumerGroups ?? {});
    const unknown = Object.keys(move.consumerGroups).filter((domain) => !known.includes(domain));
    if (unknown.length > 0)
      throw new Error(`--group ${unknown[0]}: the store has no such domain, but ${known.join(", ") || "none"}`);
    const isOther = before !== undefined && before.clusterId !== null && before.clusterId !== move.clusterId;
    if (isOther && !move.isNewCluster)
      throw new Error(
        `Kafka's cluster is ${quoted(before.clusterId)} in the store, and KAFKA_BOOTSTRAP_SERVERS names ` +
          `${quoted(move.clusterId)}: correct the variable, or give --new-cluster, which deletes the stored offsets, ` +
          "so that reading begins at the earliest message of the new one",
      );
    const deletedOffsets = isOther ? await deleteAllSourceOffsets(tx) : 0;
    await writeDeployment(tx, { ...move, namespace: move.namespace ?? before?.namespace ?? "" });
    return { deployment: (await readDeployment(tx)) as Deployment, deletedOffsets };
  });
}

async function writeDeployment(tx: Sql, { env, namespace, clusterId, consumerGroups }: StoreMove): Promise<void> {
  await tx.query(
    `insert into rollcall.deployment (id, env, namespace, cluster_id) values (1, $1, $2, $3)
     on conflict (id) do update set env = $1, namespace = $2, cluster_id = $3`,
    [env, namespace ?? "", clusterId],
  );
  await tx.query(
    `update rollcall.domain as known
        set consumer_group = (select given.value from json_each_text($1::json) as given where given.key = known.name)`,
    [JSON.stringify(consumerGroups)],
  );
}
