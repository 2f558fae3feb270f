import type { Domain } from "../core/domain.ts";
import type { Sql, Store } from "../ports/store.ts";

export interface InForce {
  /** SHA-256, hex, of the contracts' canonical content. */
  readonly hash: string;
  readonly since: Date;
  readonly by: string;
}

/** A process that runs other contracts than those in force takes nothing over. */
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
  /** What is in force as far as this process knows; undefined: nothing yet. */
  readonly expected: string | undefined;
  /** What `expected` names. Undefined where it can't be compiled any more: then everything stored is looked at. */
  readonly current: Domain | undefined;
  readonly next: Domain;
  readonly by: string;
  /** Within the change's transaction, before they are in force. */
  readonly saveContracts: (tx: Sql) => Promise<void>;
}

/**
 * Puts contracts in force for all processes, or leaves everything as it is.
 *
 * A turn locks the rows of its partitions and looks at their epochs. Here all rows are locked and all epochs raised:
 * the turns under way are committed before it, and every later turn of a process that does not know the change yet is
 * fenced. So nothing is ever decided under two versions at once, and no entity can come into a state while it is being
 * checked that nobody is in it.
 * @returns why not, a line for each reason; empty: they are in force
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
       on conflict (domain) do update set hash = excluded.hash, since = excluded.since, activated_by = excluded.activated_by`,
      [next.name, next.contractHash, by],
    );
    await tx.query(`update rollcall.partition_owner set epoch = epoch + 1, owner = '' where domain = $1`, [next.name]);
    return [];
  });
}

/** Why entities and intents that are there could not go on under the next contracts. */
async function incompatibilities(tx: Sql, running: Domain | undefined, next: Domain): Promise<string[]> {
  if (running && running.entityIdField !== next.entityIdField)
    return [`entity_id is ${next.entityIdField}, and was ${running.entityIdField}: what is stored goes by that one`];
  const namesLost = (of: (domain: Domain) => ReadonlyMap<string, unknown>): LostNames => {
    const kept = [...of(next).keys()];
    return { keptNames: kept, removedNames: running && [...of(running).keys()].filter((name) => !of(next).has(name)) };
  };
  const found = await Promise.all([
    findUsages(
      tx,
      next.name,
      STATE,
      namesLost(({ orchestrator }) => orchestrator.states),
    ),
    findUsages(
      tx,
      next.name,
      REDUCER_STATE,
      namesLost(({ reducer }) => reducer.states),
    ),
    findUsages(
      tx,
      next.name,
      INTENT,
      namesLost(({ effects }) => effects),
    ),
    findUsages(
      tx,
      next.name,
      DEADLINE,
      namesLost(({ deadlineAfterMs }) => deadlineAfterMs),
    ),
  ]);
  return found.flat();
}

interface LostNames {
  readonly keptNames: readonly string[];
  /** Undefined: not known, whatever is not kept. */
  readonly removedNames: readonly string[] | undefined;
}
interface NameUsage {
  readonly table: string;
  readonly name: string;
  readonly describe: (name: string) => string;
}
const ENTITIES = "rollcall.entity";
const STATE: NameUsage = { table: ENTITIES, name: "state", describe: (name) => `in state ${name}` };
const REDUCER_STATE: NameUsage = {
  table: ENTITIES,
  name: "reducer_state",
  describe: (name) => `in the reducer's state ${name}`,
};
const INTENT: NameUsage = {
  table: "rollcall.intent",
  name: "type",
  describe: (name) => `with a pending intent ${name}`,
};
const DEADLINE: NameUsage = {
  table: `${ENTITIES}, lateral json_object_keys(deadlines) as armed (name)`,
  name: "armed.name",
  describe: (name) => `with the deadline ${name} armed`,
};

async function findUsages(
  tx: Sql,
  domain: string,
  { table, name, describe }: NameUsage,
  { keptNames, removedNames }: LostNames,
): Promise<string[]> {
  // Mostly nothing was taken away: then nothing is looked at.
  if (removedNames?.length === 0) return [];
  const rows = await tx.query<{ name: string; count: number; example: string }>(
    `select ${name} as name, count(*)::int as count, min(entity_id) as example from ${table}
      where domain = $1 and ${removedNames ? `${name} = any($2::text[])` : `${name} <> all($2::text[])`} group by 1 order by 1`,
    [domain, [...(removedNames ?? keptNames)]],
  );
  return rows.map(
    (row) =>
      `${row.count === 1 ? "1 entity is" : `${row.count} entities are`} ${describe(row.name)}, which these ` +
      `contracts lack (${row.example} for one)`,
  );
}
