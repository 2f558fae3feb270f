import type { Domain } from "../core/domain.ts";
import type { Sql, Store } from "../ports/store.ts";

export interface InForce {
  /** SHA-256, hex, of the contracts' canonical content. */
  readonly hash: string;
  readonly since: Date;
  readonly by: string;
}

/** Other contracts are in force than those that this process runs: it must not take over partitions. */
export class ContractsSuperseded extends Error {
  constructor(hash: string) {
    super(`the contracts ${hash.slice(0, 12)} are in force`);
  }
}

export async function contractInForce(sql: Sql, domain: string): Promise<InForce | undefined> {
  const [row] = await sql.query<InForce>(
    `select hash, since, activated_by as by from rollcall.contract_in_force where domain = $1`,
    [domain],
  );
  return row;
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
    await tx.query(`select partition from rollcall.partition_owner where domain = $1 order by partition for update`, [
      next.name,
    ]);
    const inForce = await contractInForce(tx, next.name);
    if (inForce && inForce.hash !== expected)
      return [
        `the contracts ${inForce.hash.slice(0, 12)} came in force meanwhile, by ${inForce.by}: look at them, ` +
          "then try again",
      ];
    const reasons = inForce ? await incompatibilities(tx, current, next) : [];
    if (reasons.length > 0) return reasons;
    await change.saveContracts(tx);
    await tx.query(
      `insert into rollcall.contract_in_force (domain, hash, since, activated_by) values ($1, $2, clock_timestamp(), $3)
       on conflict (domain) do update
         set hash = excluded.hash, since = excluded.since, activated_by = excluded.activated_by`,
      [next.name, next.contractHash, by],
    );
    await tx.query(`update rollcall.partition_owner set epoch = epoch + 1, owner = '' where domain = $1`, [next.name]);
    return [];
  });
}

interface StoredNames {
  readonly namesIn: (domain: Domain) => ReadonlyMap<string, unknown>;
  readonly table: string;
  readonly column: string;
  /** What a row is called whose name, `$`, is missing. */
  readonly text: string;
}

const ARMED = "rollcall.entity, lateral json_object_keys(deadlines) as armed (name)";
/** Names of contracts that stored rows use. */
const STORED_NAMES: readonly StoredNames[] = [
  { namesIn: (next) => next.orchestrator.states, table: "rollcall.entity", column: "state", text: "in state $" },
  {
    namesIn: (next) => next.reducer.states,
    table: "rollcall.entity",
    column: "reducer_state",
    text: "in the reducer's state $",
  },
  { namesIn: (next) => next.effects, table: "rollcall.intent", column: "type", text: "with a pending intent $" },
  { namesIn: (next) => next.deadlineAfterMs, table: ARMED, column: "armed.name", text: "with the deadline $ armed" },
];

/** Why stored entities and intents could not go on under the next contracts. */
async function incompatibilities(tx: Sql, running: Domain | undefined, next: Domain): Promise<string[]> {
  if (running && running.entityIdField !== next.entityIdField)
    return [`entity_id is ${next.entityIdField}, and was ${running.entityIdField}: what is stored goes by that one`];
  const found = await Promise.all(
    STORED_NAMES.map(async ({ namesIn, table, column, text }) => {
      const kept = namesIn(next);
      const removed = running && [...namesIn(running).keys()].filter((name) => !kept.has(name));
      // Mostly no name was removed: then nothing needs to be read.
      if (removed?.length === 0) return [];
      const isMissing = removed ? `${column} = any($2::text[])` : `${column} <> all($2::text[])`;
      const rows = await tx.query<{ name: string; count: number; example: string }>(
        `select ${column} as name, count(*)::int as count, min(entity_id) as example from ${table}
          where domain = $1 and ${isMissing} group by 1 order by 1`,
        [next.name, removed ?? [...kept.keys()]],
      );
      return rows.map(({ name, count, example }) => {
        const entities = count === 1 ? "1 entity is" : `${count} entities are`;
        return `${entities} ${text.replace("$", () => name)}, which these contracts lack (${example} for one)`;
      });
    }),
  );
  return found.flat();
}
