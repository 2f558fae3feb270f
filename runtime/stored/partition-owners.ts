import type { Sql } from "../ports/store.ts";

/** An owner records once a second that it serves its partitions: after this long nobody does. */
export const UNSERVED_SECONDS = 5;

/**
 * Locks the rows of all partitions until the transaction ends. A turn and a takeover lock their partitions' rows too:
 * either is committed before this one, or waits for it.
 * @param domain undefined: of every domain
 * @returns how many there are
 */
export async function lockPartitions(tx: Sql, domain?: string): Promise<number> {
  const rows = await tx.query(
    `select partition from rollcall.partition_owner where domain = coalesce($1::text, domain)
      order by domain, partition for update`,
    [domain ?? null],
  );
  return rows.length;
}

/** Every partition of the domain, by number, with the number of its next line. */
export const readNextLines = (sql: Sql, domain: string) =>
  sql.query<{ readonly partition: number; readonly nextLine: number }>(
    `select partition, next_seq as "nextLine" from rollcall.partition_owner where domain = $1 order by partition`,
    [domain],
  );

/** Nobody owns a partition of the domain afterwards: later turns of those who did are refused. */
export async function fenceOwners(tx: Sql, domain: string): Promise<void> {
  await tx.query(`update rollcall.partition_owner set epoch = epoch + 1, owner = '' where domain = $1`, [domain]);
}

/** Every partition of the domain, by number: whether a process serves it now, and since when it was last served. */
export const readPartitionServices = (sql: Sql, domain: string) =>
  sql.query<{ readonly partition: number; readonly isServed: boolean; readonly seconds: number }>(
    `select partition, seconds, owner <> '' and seconds < ${UNSERVED_SECONDS} as "isServed"
       from rollcall.partition_owner, lateral (select extract(epoch from now() - served_at)::float8 as seconds) as since
      where domain = $1 order by partition`,
    [domain],
  );

/**
 * The processes that own partitions of the domain, and how many.
 * @returns `process`: host:pid; `hash`: of the contracts under which it took them over
 */
export const readOwners = (sql: Sql, domain: string) =>
  // An owner's name ends with an id of its start.
  sql.query<{ readonly process: string; readonly hash: string | null; readonly partitions: number }>(
    `select substring(owner from '^[^:]*:?[^:]*') as process, contract_hash as hash, count(*)::int as partitions
       from rollcall.partition_owner
      where domain = $1 and owner <> '' group by owner, contract_hash order by owner`,
    [domain],
  );
