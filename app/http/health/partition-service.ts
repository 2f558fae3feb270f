import type { Sql } from "../../../runtime/ports/store.ts";

/** An owner records once a second that it serves its partitions: after this long nobody does. */
const UNSERVED_SECONDS = 5;

export interface PartitionService {
  readonly partition: number;
  /** Whether a process serves it now. */
  readonly isServed: boolean;
  /** Since it was last served. */
  readonly seconds: number;
}

/** Every partition of the domain, by number. */
export async function readPartitionServices(sql: Sql, domain: string): Promise<PartitionService[]> {
  const rows = await sql.query<{ partition: number; owner: string; seconds: number }>(
    `select partition, owner, extract(epoch from now() - served_at)::float8 as seconds
       from rollcall.partition_owner where domain = $1 order by partition`,
    [domain],
  );
  return rows.map(({ partition, owner, seconds }) => ({
    partition,
    isServed: owner !== "" && seconds < UNSERVED_SECONDS,
    seconds,
  }));
}
