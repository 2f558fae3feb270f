import { Fault } from "../../core/fault.ts";
import type { Sql, Store } from "../../ports/store.ts";
import { type OperatorDecision, recordOperatorDecision } from "../operators/operator-decision.ts";

/** A partition counts as served for this long after it was, by the database's clock. */
const SERVED_SECONDS = 60;
const IS_SERVED = `served_at > clock_timestamp() - interval '${SERVED_SECONDS} seconds'`;
const SECONDS_AGO = `floor(extract(epoch from clock_timestamp() - max(served_at)))::int`;
/** That an operator retired it counts until it is served again. */
const IS_RETIRED = `coalesce(max(known.retired_at) > max(served_at), false)`;
const PARTITIONS = `rollcall.partition_owner left join rollcall.domain as known on known.name = domain`;

interface ServedPartitions {
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

/**
 * @param domain undefined: any
 * @throws Fault STILL_SERVED, not retryable
 */
export async function refuseWhileServed(sql: Sql, domain?: string): Promise<void> {
  const [served] = await servedPartitions(sql, domain);
  if (!served) return;
  throw new Fault(
    "STILL_SERVED",
    `${describeServed(served)}: stop the processes that serve it, and ` +
      `try again when the last has been stopped for ${SERVED_SECONDS} s`,
    { retryable: false },
  );
}

/** As in `parcels was served 2 s ago, by host:pid:...`. */
export const describeServed = ({ domain, owner, secondsAgo }: ServedPartitions): string =>
  `${domain} was served ${secondsAgo} s ago${owner && `, by ${owner}`}`;

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
export const storedDomains = (sql: Sql): Promise<StoredDomain[]> =>
  sql.query<StoredDomain>(
    `select domain, max(consumer_group) as "consumerGroup", count(*)::int as partitions,
       case when bool_or(${IS_SERVED}) then 'served' when ${IS_RETIRED} then 'retired' else 'unserved' end as status,
       coalesce(array_agg(distinct owner) filter (where owner <> '' and ${IS_SERVED}), '{}') as owners,
       (select count(*)::int from rollcall.entity as e where e.domain = partition_owner.domain) as entities,
       max(served_at) as "lastServedAt"
       from ${PARTITIONS} group by domain order by domain`,
  );

/** What a retired domain leaves undone; it goes on with it if it is ever served again. */
export interface LeftBehind {
  readonly entities: number;
  readonly intents: number;
  readonly deadLetters: number;
}

/**
 * Records an operator's decision that a domain is not served any more, so that it is no trouble. All that is stored of
 * it stays: versions and positions that began anew would make backends and readers ignore what comes later.
 * @throws Fault STILL_SERVED, not retryable; Error for a domain that the store does not know
 */
export function retireDomain(
  store: Store,
  domain: string,
  decision: Pick<OperatorDecision, "who" | "reason">,
): Promise<LeftBehind> {
  return store.transaction(async (tx) => {
    // A takeover locks these rows as well: it comes before this, or after it and is no longer retired.
    const rows = await tx.query(
      `select partition from rollcall.partition_owner where domain = $1 order by partition for update`,
      [domain],
    );
    if (rows.length === 0) throw new Error(`the store has no domain ${domain}: rollcall domains lists them`);
    await refuseWhileServed(tx, domain);
    const [now] = await tx.query<{ readonly ms: number }>(
      `insert into rollcall.domain (name, retired_at) values ($1, clock_timestamp())
       on conflict (name) do update set retired_at = excluded.retired_at
       returning (extract(epoch from retired_at) * 1000)::bigint as ms`,
      [domain],
    );
    await recordOperatorDecision(tx, "domains retire", domain, { ...decision, domain, atMs: now?.ms ?? 0 });
    const [left] = await tx.query<LeftBehind>(
      `select (select count(*)::int from rollcall.entity where domain = $1) as entities,
              (select count(*)::int from rollcall.intent where domain = $1) as intents,
              (select count(*)::int from rollcall.dead_letter where domain = $1) as "deadLetters"`,
      [domain],
    );
    return left as LeftBehind;
  });
}
