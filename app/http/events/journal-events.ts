import type { Sql } from "../../../runtime/ports/store.ts";
import type { StreamPosition } from "./stream-position.ts";

/** An event of the journal, with the bytes that were published. */
export interface JournaledEvent {
  readonly partition: number;
  readonly seq: number;
  readonly type: string;
  readonly entity_id: string;
  readonly value: Buffer;
}

export interface EventFilter {
  readonly types?: readonly string[] | undefined;
  readonly entityId?: string | undefined;
  /** Whether the reader may see an entity's events; called for each event. */
  readonly mayRead?: ((entityId: string) => boolean) | undefined;
}

const PAGE_EVENTS = 256;

/** Where each partition's committed journal ends: it has one writer, so no row appears below that later. */
export async function readJournalEnds(sql: Sql, domain: string): Promise<StreamPosition> {
  const rows = await sql.query<{ last: number }>(
    `select next_seq - 1 as last from rollcall.partition_owner where domain = $1 order by partition`,
    [domain],
  );
  return rows.map(({ last }) => last);
}

/**
 * Events behind `from` and up to `upto`, at most a page, and the position up to which it was read. Within a partition
 * in the order of its journal; by time between partitions, which have no common order.
 */
export async function readEventPage(
  sql: Sql,
  domain: string,
  from: StreamPosition,
  upto: StreamPosition,
  filter: EventFilter = {},
): Promise<{ readonly events: readonly JournaledEvent[]; readonly position: StreamPosition }> {
  const changed = upto.flatMap((last, partition) => (last > (from[partition] ?? 0) ? [partition] : []));
  if (changed.length === 0) return { events: [], position: upto };
  const limitPerPartition = Math.max(2, Math.ceil(PAGE_EVENTS / changed.length));
  const events = await sql.query<JournaledEvent>(
    `select j.partition, j.seq, j.type, j.entity_id, j.value
       from unnest($2::int[], $3::bigint[], $4::bigint[]) as c(partition, after, upto)
      cross join lateral (
        select j.partition, j.seq, j.at, j.type, j.entity_id, j.value from rollcall.journal j
         where j.domain = $1 and j.partition = c.partition and j.seq > c.after and j.seq <= c.upto and j.kind = 'event'
           and ($5::text[] is null or j.type = any($5::text[])) and ($6::text is null or j.entity_id = $6)
         order by j.seq limit $7
      ) as j order by max(j.at) over (partition by j.partition order by j.seq), j.partition, j.seq`,
    [
      domain,
      changed,
      changed.map((partition) => from[partition] ?? 0),
      changed.map((partition) => upto[partition] ?? 0),
      filter.types ?? null,
      filter.entityId ?? null,
      limitPerPartition,
    ],
  );
  const seqsByPartition = upto.map((): number[] => []);
  for (const { partition, seq } of events) seqsByPartition[partition]?.push(seq);
  const position = upto.map((last, partition) => {
    const seqs = seqsByPartition[partition] ?? [];
    return seqs.length < limitPerPartition ? last : (seqs.at(-1) ?? last);
  });
  return { events, position };
}
