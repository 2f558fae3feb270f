import type { Sql } from "../../../runtime/ports/store.ts";

/** An owner records once a second that it serves its partitions: after this long nobody does. */
const UNSERVED_SECONDS = 5;

/** Every partition of the domain, by number: whether a process serves it now, and since when it was last served. */
export const readPartitionServices = (store: Sql, domain: string) =>
  store.query<{ readonly partition: number; readonly isServed: boolean; readonly seconds: number }>(
    `select partition, seconds, owner <> '' and seconds < ${UNSERVED_SECONDS} as "isServed"
       from rollcall.partition_owner, lateral (select extract(epoch from now() - served_at)::float8 as seconds) as since
      where domain = $1 order by partition`,
    [domain],
  );
