import type { Domain } from "../core/domain.ts";
import type { Sql, Store } from "../ports/store.ts";
import { contractInForce, type InForce, writeContractInForce } from "../stored/contract-sets.ts";
import { namesInEntities } from "../stored/entities.ts";
import { intentTypesInUse } from "../stored/intents.ts";
import type { NameChoice, NameInUse } from "../stored/names-in-use.ts";
import { fenceOwners, lockPartitions } from "../stored/partition-owners.ts";
import { DataTrial, type TrialProgress } from "./data-trial.ts";

/** Other contracts are in force than those that this process runs, or a higher version of entities' data. */
export class ContractsSuperseded extends Error {
  constructor({ hash, stateVersion }: Versions) {
    super(`the contracts ${hash.slice(0, 12)} are in force, with stateVersion ${stateVersion}`);
  }
}

/** The contracts, and the version of entities' data, that decide. */
type Versions = Pick<InForce, "hash" | "stateVersion">;

const versionsOf = ({ contractHash: hash, stateVersion }: Domain): Versions => ({ hash, stateVersion });

/** What is in force when a domain's are not: its process must take over no partition. */
export function supersedes(inForce: InForce | undefined, domain: Domain): inForce is InForce {
  const { hash, stateVersion } = versionsOf(domain);
  return inForce !== undefined && (inForce.hash !== hash || inForce.stateVersion > stateVersion);
}

export interface ContractChange {
  /** What is in force as far as this process knows; undefined: nothing yet. */
  readonly expected: Versions | undefined;
  /** The domain of `expected`. Undefined when it can't be compiled any more: then all stored rows are checked. */
  readonly current: Domain | undefined;
  readonly next: Domain;
  readonly by: string;
  /** Called in the transaction of the change, before it locks the partitions. */
  readonly beforeLocks?: ((tx: Sql) => Promise<unknown>) | undefined;
  /** Called in the transaction of the change, before the contracts are in force. */
  readonly saveContracts: (tx: Sql) => Promise<void>;
  /** Called while entities are tried under a higher `stateVersion`. */
  readonly onTried?: ((progress: TrialProgress) => void) | undefined;
}

/**
 * Puts contracts in force for all processes, or changes nothing.
 *
 * A turn locks the rows of its partitions and checks their epochs. This locks all rows and raises all epochs: running
 * turns are committed before it, and later turns of a process that does not know the change are fenced. So no two turns
 * are decided under different contracts at the same time, and no entity can enter a removed state during the check.
 * Every entity is tried before, while turns go on; those that have changed since are tried under the locks.
 * @returns the reasons why not; empty: the contracts are in force
 */
export async function putInForce(store: Store, change: ContractChange): Promise<string[]> {
  const { expected, current, next, by } = change;
  const trial = await tryEntities(store, change);
  return store.transaction(async (tx) => {
    await change.beforeLocks?.(tx);
    await lockPartitions(tx, next.name);
    const inForce = await contractInForce(tx, next.name);
    if (inForce && (inForce.hash !== expected?.hash || inForce.stateVersion !== expected.stateVersion))
      return [
        `the contracts ${inForce.hash.slice(0, 12)}, with stateVersion ${inForce.stateVersion}, came in force ` +
          `meanwhile, by ${inForce.by}: look at them, then try again`,
      ];
    if (inForce && inForce.stateVersion > next.stateVersion) return [olderStateVersion(next, inForce)];
    await trial?.tryChanged(tx);
    const reasons = [...(inForce ? await incompatibilities(tx, current, next) : []), ...(trial?.reasons ?? [])];
    if (reasons.length > 0) return reasons;
    await change.saveContracts(tx);
    await writeContractInForce(tx, next.name, { ...versionsOf(next), by });
    await fenceOwners(tx, next.name);
    return [];
  });
}

/** Only where they may have been written by code with a lower `stateVersion`. */
async function tryEntities(store: Store, { expected, next, onTried }: ContractChange): Promise<DataTrial | undefined> {
  if (!expected || expected.stateVersion >= next.stateVersion) return undefined;
  const trial = new DataTrial(next, onTried);
  await trial.tryAll(store);
  return trial;
}

/** Why code can't run: what is stored was written by code with a higher version. */
export const olderStateVersion = (
  { name, stateVersion }: Pick<Domain, "name" | "stateVersion">,
  inForce: Pick<InForce, "stateVersion" | "by">,
): string =>
  `what is stored of ${name} is of stateVersion ${inForce.stateVersion}, by ${inForce.by}, and this code has ` +
  `${stateVersion}: run code with stateVersion ${inForce.stateVersion} or higher; to go back, raise it once more, ` +
  "with an upcast that makes of each entity what the former code had";

interface StoredNames {
  readonly namesIn: (domain: Domain) => ReadonlyMap<string, unknown>;
  readonly inUse: (sql: Sql, domain: string, choice: NameChoice) => Promise<NameInUse[]>;
  /** What a row is called whose name, `$`, is missing. */
  readonly text: string;
}

const inEntities =
  (named: Parameters<typeof namesInEntities>[2]): StoredNames["inUse"] =>
  (sql, domain, choice) =>
    namesInEntities(sql, domain, named, choice);

/** Names of contracts that stored rows use. */
const STORED_NAMES: readonly StoredNames[] = [
  { namesIn: (next) => next.orchestrator.states, inUse: inEntities("state"), text: "in state $" },
  { namesIn: (next) => next.reducer.states, inUse: inEntities("reducerState"), text: "in the reducer's state $" },
  { namesIn: (next) => next.effects, inUse: intentTypesInUse, text: "with a pending intent $" },
  { namesIn: (next) => next.deadlineAfterMs, inUse: inEntities("deadline"), text: "with the deadline $ armed" },
];

/** Why stored entities and intents could not go on under the next contracts. */
async function incompatibilities(tx: Sql, running: Domain | undefined, next: Domain): Promise<string[]> {
  if (running && running.entityIdField !== next.entityIdField)
    return [`entity_id is ${next.entityIdField}, and was ${running.entityIdField}: what is stored goes by that one`];
  if (running && running.lifecycle !== next.lifecycle) {
    const [used] = await namesInEntities(tx, next.name, "state", { notAmong: [] });
    if (used)
      return [
        `lifecycle is ${next.lifecycle}, and was ${running.lifecycle}: entities live by it (${used.example} for one)`,
      ];
  }
  const found = await Promise.all(
    STORED_NAMES.map(async ({ namesIn, inUse, text }) => {
      const kept = namesIn(next);
      const removed = running && [...namesIn(running).keys()].filter((name) => !kept.has(name));
      // Mostly no name was removed: then nothing needs to be read.
      if (removed?.length === 0) return [];
      const missing = await inUse(tx, next.name, removed ? { among: removed } : { notAmong: [...kept.keys()] });
      return missing.map(({ name, count, example }) => {
        const entities = count === 1 ? "1 entity is" : `${count} entities are`;
        return `${entities} ${text.replace("$", () => name)}, which these contracts lack (${example} for one)`;
      });
    }),
  );
  return found.flat();
}
