import type { Domain } from "../core/domain.ts";
import type { Sql, Store } from "../ports/store.ts";
import { contractInForce, writeContractInForce } from "../stored/contract-sets.ts";
import { namesInEntities } from "../stored/entities.ts";
import { intentTypesInUse } from "../stored/intents.ts";
import type { NameChoice, NameInUse } from "../stored/names-in-use.ts";
import { fenceOwners, lockPartitions } from "../stored/partition-owners.ts";

/** Other contracts are in force than those that this process runs: it must not take over partitions. */
export class ContractsSuperseded extends Error {
  constructor(hash: string) {
    super(`the contracts ${hash.slice(0, 12)} are in force`);
  }
}

export interface ContractChange {
  /** Hash of the contracts that are in force as far as this process knows; undefined: none yet. */
  readonly expected: string | undefined;
  /** The domain of `expected`. Undefined when it can't be compiled any more: then all stored rows are checked. */
  readonly current: Domain | undefined;
  readonly next: Domain;
  readonly by: string;
  /** Called in the transaction of the change, before the contracts are in force. */
  readonly saveContracts: (tx: Sql) => Promise<void>;
}

/**
 * Puts contracts in force for all processes, or changes nothing.
 *
 * A turn locks the rows of its partitions and checks their epochs. This locks all rows and raises all epochs: running
 * turns are committed before it, and later turns of a process that does not know the change are fenced. So no two turns
 * are decided under different contracts at the same time, and no entity can enter a removed state during the check.
 * @returns the reasons why not; empty: the contracts are in force
 */
export function putInForce(store: Store, change: ContractChange): Promise<string[]> {
  const { expected, current, next, by } = change;
  return store.transaction(async (tx) => {
    await lockPartitions(tx, next.name);
    const inForce = await contractInForce(tx, next.name);
    if (inForce && inForce.hash !== expected)
      return [
        `the contracts ${inForce.hash.slice(0, 12)} came in force meanwhile, by ${inForce.by}: look at them, ` +
          "then try again",
      ];
    const reasons = inForce ? await incompatibilities(tx, current, next) : [];
    if (reasons.length > 0) return reasons;
    await change.saveContracts(tx);
    await writeContractInForce(tx, next.name, { hash: next.contractHash, by });
    await fenceOwners(tx, next.name);
    return [];
  });
}

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
