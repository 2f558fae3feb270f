import type { Domain } from "../core/domain.ts";
import type { Sql, Store } from "../ports/store.ts";

export interface InForce {
  /** SHA-256, hex, of the contracts' canonical content. */
  readonly hash: string;
  readonly since: Date;
  readonly by: string;
}

/** A process that runs other contracts than those in force takes nothing over. */
export class Superseded extends Error {
  constructor(hash: string) {
    super(`the contracts ${hash.slice(0, 12)} are in force`);
  }
}

export async function contractInForce(sql: Sql, domain: string): Promise<InForce | undefined> {
  const [row] = await sql.query<InForce>(
    `select hash, since, put_by as by from rollcall.contract_in_force where domain = $1`,
    [domain],
  );
  return row;
}

export interface Change {
  /** What is in force as far as this process knows; undefined: nothing yet. */
  readonly expected: string | undefined;
  /** What `expected` names. Undefined where it can't be compiled any more: then everything stored is looked at. */
  readonly running: Domain | undefined;
  readonly next: Domain;
  readonly by: string;
  /** Within the change's transaction, before they are in force. */
  readonly store: (tx: Sql) => Promise<void>;
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
export function putInForce(store: Store, change: Change): Promise<string[]> {
  const { expected, running, next, by } = change;
  return store.transaction(async (tx) => {
    await tx.query(`select partition from rollcall.partition_owner where domain = $1 order by partition for update`, [
      next.name,
    ]);
    const current = await contractInForce(tx, next.name);
    if (current && current.hash !== expected)
      return [
        `the contracts ${current.hash.slice(0, 12)} came in force meanwhile, by ${current.by}: look at them, ` +
          "then try again",
      ];
    const reasons = current ? await unfit(tx, running, next) : [];
    if (reasons.length > 0) return reasons;
    await change.store(tx);
    await tx.query(
      `insert into rollcall.contract_in_force (domain, hash, since, put_by) values ($1, $2, clock_timestamp(), $3)
       on conflict (domain) do update set hash = excluded.hash, since = excluded.since, put_by = excluded.put_by`,
      [next.name, next.hash, by],
    );
    await tx.query(`update rollcall.partition_owner set epoch = epoch + 1, owner = '' where domain = $1`, [next.name]);
    return [];
  });
}

/** Why entities and intents that are there could not go on under the next contracts. */
async function unfit(tx: Sql, running: Domain | undefined, next: Domain): Promise<string[]> {
  if (running && running.entityIdField !== next.entityIdField)
    return [`entity_id is ${next.entityIdField}, and was ${running.entityIdField}: what is stored goes by that one`];
  const lacking = (of: (domain: Domain) => ReadonlyMap<string, unknown>): Lacking => {
    const kept = [...of(next).keys()];
    return { kept, removed: running && [...of(running).keys()].filter((name) => !of(next).has(name)) };
  };
  const found = await Promise.all([
    look(
      tx,
      next.name,
      STATE,
      lacking(({ orchestrator }) => orchestrator.states),
    ),
    look(
      tx,
      next.name,
      REDUCER_STATE,
      lacking(({ reducer }) => reducer.states),
    ),
    look(
      tx,
      next.name,
      INTENT,
      lacking(({ effects }) => effects),
    ),
    look(
      tx,
      next.name,
      DEADLINE,
      lacking(({ deadlineAfterMs }) => deadlineAfterMs),
    ),
  ]);
  return found.flat();
}

interface Lacking {
  readonly kept: readonly string[];
  /** Undefined: not known, whatever is not kept. */
  readonly removed: readonly string[] | undefined;
}
interface Place {
  readonly from: string;
  readonly name: string;
  readonly says: (name: string) => string;
}
const ENTITIES = "rollcall.entity";
const STATE: Place = { from: ENTITIES, name: "state", says: (name) => `in state ${name}` };
const REDUCER_STATE: Place = {
  from: ENTITIES,
  name: "reducer_state",
  says: (name) => `in the reducer's state ${name}`,
};
const INTENT: Place = { from: "rollcall.intent", name: "type", says: (name) => `with a pending intent ${name}` };
const DEADLINE: Place = {
  from: `${ENTITIES}, lateral json_object_keys(deadlines) as armed (name)`,
  name: "armed.name",
  says: (name) => `with the deadline ${name} armed`,
};

async function look(
  tx: Sql,
  domain: string,
  { from, name, says }: Place,
  { kept, removed }: Lacking,
): Promise<string[]> {
  // Mostly nothing was taken away: then nothing is looked at.
  if (removed?.length === 0) return [];
  const rows = await tx.query<{ name: string; count: number; example: string }>(
    `select ${name} as name, count(*)::int as count, min(entity_id) as example from ${from}
      where domain = $1 and ${removed ? `${name} = any($2::text[])` : `${name} <> all($2::text[])`} group by 1 order by 1`,
    [domain, [...(removed ?? kept)]],
  );
  return rows.map(
    (row) =>
      `${row.count === 1 ? "1 entity is" : `${row.count} entities are`} ${says(row.name)}, which these ` +
      `contracts lack (${row.example} for one)`,
  );
}
