import type { Sql } from "../ports/store.ts";
import { countEntitiesByDomain } from "./entities.ts";
import { msOf } from "./ms-of.ts";

/** A partition counts as served for this long after it was, by the database's clock. */
export const SERVED_SECONDS = 60;
const IS_SERVED = `served_at > clock_timestamp() - interval '${SERVED_SECONDS} seconds'`;
const SECONDS_AGO = `floor(extract(epoch from clock_timestamp() - max(served_at)))::int`;
/** That an operator retired it counts until it is served again. */
const IS_RETIRED = `coalesce(max(known.retired_at) > max(served_at), false)`;
const PARTITIONS = `rollcall.partition_owner left join rollcall.domain as known on known.name = domain`;

export interface ServedPartitions {
  readonly domain: string;
  /** Empty while the partitions change their owner. */
  readonly owner: string;
  readonly secondsAgo: number;
}

/** Who serves which domain now, the latest first. */
export const servedPartitions = (sql: Sql, domain?: string): Promise<ServedPartitions[]> =>
  sql.query<ServedPartitions>(
    `select domain, owner, ${SECONDS_AGO} as "secondsAgo" from rollcall.partition_owner
      where ${IS_SERVED} and domain = coalesce($1::text, domain)
      group by domain, owner order by max(served_at) desc, domain`,
    [domain ?? null],
  );

export interface UnservedDomain {
  readonly domain: string;
  readonly partitions: number;
  /** Since any of its partitions was served. */
  readonly secondsAgo: number;
}

/**
 * Domains that the store knows and no process serves, without those that were retired. Their deadlines stand still. A
 * domain that can't reach its bus counts as well.
 */
export const unservedDomains = (sql: Sql): Promise<UnservedDomain[]> =>
  sql.query<UnservedDomain>(
    `select domain, count(*)::int as partitions, ${SECONDS_AGO} as "secondsAgo" from ${PARTITIONS}
      group by domain having ${SECONDS_AGO} >= ${SERVED_SECONDS} and not ${IS_RETIRED} order by domain`,
  );

export interface StoredDomain {
  readonly domain: string;
  readonly consumerGroup: string | null;
  readonly status: "served" | "unserved" | "retired";
  readonly partitions: number;
  /** The processes that serve it now, as the store names them. */
  readonly owners: readonly string[];
  readonly entities: number;
  readonly lastServedAt: Date;
}

/** Every domain of the store, by name. Counts all entities, which takes a second with a million of them. */
export async function storedDomains(sql: Sql): Promise<StoredDomain[]> {
  const domains = await sql.query<Omit<StoredDomain, "entities">>(
    `select domain, max(consumer_group) as "consumerGroup", count(*)::int as partitions,
       case when bool_or(${IS_SERVED}) then 'served' when ${IS_RETIRED} then 'retired' else 'unserved' end as status,
       coalesce(array_agg(distinct owner) filter (where owner <> '' and ${IS_SERVED}), '{}') as owners,
       max(served_at) as "lastServedAt"
       from ${PARTITIONS} group by domain order by domain`,
  );
  const counts = await countEntitiesByDomain(sql);
  return domains.map(({ lastServedAt, ...each }) => ({
    ...each,
    entities: counts.get(each.domain) ?? 0,
    lastServedAt,
  }));
}

/** That an operator decided now that the domain is not served any more. @returns when: ms since the epoch */
export async function markRetired(tx: Sql, domain: string): Promise<number> {
  const [now] = await tx.query<{ readonly ms: number }>(
    `insert into rollcall.domain (name, retired_at) values ($1, clock_timestamp())
     on conflict (name) do update set retired_at = excluded.retired_at
     returning ${msOf("retired_at")} as ms`,
    [domain],
  );
  return now?.ms ?? 0;
}
