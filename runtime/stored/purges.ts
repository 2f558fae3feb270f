import type { Attempt } from "../core/entity.ts";
import type { Sql } from "../ports/store.ts";
import { foundRow } from "./found-row.ts";
import { msOf } from "./ms-of.ts";

/** An entity that may be purged. */
export interface DueEntity {
  readonly id: string;
  readonly partition: number;
  readonly seq: number;
  readonly attempt: Attempt;
  /** Ms since the epoch. */
  readonly stateSince: number;
  /** Ms since the epoch. */
  readonly purgeAt: number;
}

interface DueRow extends Omit<DueEntity, "attempt"> {
  readonly attempt: string;
}

const DUE_COLUMNS =
  `e.entity_id as id, e.partition, e.seq, e.attempt, ${msOf("e.state_since")} as "stateSince", ` +
  `${msOf("e.purge_at")} as "purgeAt"`;

const dueOf = ({ attempt, ...row }: DueRow): DueEntity => ({ ...row, attempt: JSON.parse(attempt) as Attempt });

/**
 * Entities of these partitions whose time is over, the longest due first.
 * @param after, until of `purge_at`, ms since the epoch
 */
export async function findDueEntities(
  sql: Sql,
  domain: string,
  partitions: readonly number[],
  { after, until, limit }: { readonly after: number; readonly until: number; readonly limit: number },
): Promise<DueEntity[]> {
  const rows = await sql.query<DueRow>(
    `select ${DUE_COLUMNS} from rollcall.entity e
      where e.domain = $1 and e.purge_at > $3 and e.purge_at <= $4 and e.partition = any($2::int[])
      order by e.purge_at limit ${limit}`,
    [domain, partitions, new Date(after), new Date(until)],
  );
  return rows.map(dueOf);
}

const IS_REQUESTED =
  "e.domain = r.domain and e.partition = r.partition and e.entity_id = r.entity_id and e.state_since = r.ended_at";

/** Entities of these partitions that an operator wants purged. Requests that nothing is left of are deleted. */
export async function findRequestedPurges(
  sql: Sql,
  domain: string,
  partitions: readonly number[],
  limit: number,
): Promise<DueEntity[]> {
  const requests = await sql.query<{ found: number }>(
    `select 1 as found from rollcall.purge_request where domain = $1 limit 1`,
    [domain],
  );
  if (requests.length === 0) return [];
  await sql.query(
    `delete from rollcall.purge_request r where r.domain = $1 and r.partition = any($2::int[])
        and not exists (select 1 from rollcall.entity e where ${IS_REQUESTED} and e.purge_at is not null)`,
    [domain, partitions],
  );
  const rows = await sql.query<DueRow>(
    `select ${DUE_COLUMNS} from rollcall.purge_request r join rollcall.entity e on ${IS_REQUESTED}
      where r.domain = $1 and r.partition = any($2::int[]) and e.purge_at is not null
      order by r.asked_at limit ${limit}`,
    [domain, partitions],
  );
  return rows.map(dueOf);
}

/**
 * The owner of the partition takes it, once nothing of the entity is on its way any more.
 * @returns whether the entity has ended, in a state that retains it for a time
 */
export async function requestPurge(tx: Sql, domain: string, partition: number, id: string): Promise<boolean> {
  const rows = await tx.query(
    `insert into rollcall.purge_request (domain, partition, entity_id, ended_at, asked_at)
     select domain, partition, entity_id, state_since, clock_timestamp() from rollcall.entity
      where domain = $1 and partition = $2 and entity_id = $3 and purge_at is not null
     on conflict (domain, partition, entity_id) do update set ended_at = excluded.ended_at returning 1`,
    [domain, partition, id],
  );
  return rows.length > 0;
}

/** Since when the entity that is due for longest is due, ms since the epoch; null: none is. */
export async function readOldestDue(sql: Sql, domain: string): Promise<number | null> {
  const [row] = await sql.query<{ purgeAt: number }>(
    `select ${msOf("purge_at")} as "purgeAt" from rollcall.entity
      where domain = $1 and purge_at is not null order by purge_at limit 1`,
    [domain],
  );
  return row?.purgeAt ?? null;
}

/** A page of a partition's entities, and when each may be purged. */
export const readPurgeTimes = (sql: Sql, domain: string, partition: number, after: string, limit: number) =>
  sql.query<{
    readonly id: string;
    readonly state: string | null;
    readonly stateSince: number;
    readonly purgeAt: number | null;
  }>(
    `select entity_id as id, state, ${msOf("state_since")} as "stateSince", ${msOf("purge_at")} as "purgeAt"
       from rollcall.entity where domain = $1 and partition = $2 and entity_id > $3 order by entity_id limit ${limit}`,
    [domain, partition, after],
  );

/** Corrects when they may be purged. One that has changed its state since it was read has its time from that turn. */
export async function writePurgeTimes(
  tx: Sql,
  domain: string,
  partition: number,
  entities: readonly { readonly id: string; readonly stateSince: number; readonly purgeAt: number | null }[],
): Promise<void> {
  await tx.query(
    `update rollcall.entity e set purge_at = r.purge_at
       from unnest($3::text[], $4::timestamptz[], $5::timestamptz[]) as r(id, since, purge_at)
            ${foundRow("rollcall.entity", "domain = $1 and partition = $2 and entity_id = r.id")}
      where e.ctid = found.place and e.state_since = r.since`,
    [
      domain,
      partition,
      entities.map(({ id }) => id),
      entities.map(({ stateSince }) => new Date(stateSince)),
      entities.map(({ purgeAt }) => (purgeAt === null ? null : new Date(purgeAt))),
    ],
  );
}
