import type { Sql } from "../ports/store.ts";
import { hasLinesFrom, TURN_COLUMNS, type TurnRow } from "./read-lines.ts";

/** So many rows are looked at for a page, and so much of their lines is read: a row more than that at the most. */
const ROWS_MAX = 256;
const PAGE_BYTES = 512 * 1024;

/** The lines behind `after` and up to `upto` of a partition's journal. */
interface LineSpan {
  readonly partition: number;
  readonly after: number;
  readonly upto: number;
}

/**
 * Rows that have lines of these spans, the oldest first, at most a page. Those that the page has no room for are
 * without their lines. A span of which there is no row has nothing left.
 */
export const readRowPage = (
  sql: Sql,
  domain: string,
  spans: readonly LineSpan[],
): Promise<(Omit<TurnRow, "lines"> & { readonly lines: string | null })[]> =>
  // The length of a text is known without unpacking it.
  sql.query(
    `select partition, seq, last_seq, at, contract_hash, case when bytes_before < ${PAGE_BYTES} then lines end as lines
       from (select t.*, sum(octet_length(lines)) over (order by time, partition, seq) - octet_length(lines)
                         as bytes_before
               from (select t.*, max(at) over (partition by t.partition order by seq) as time
                       from unnest($2::int[], $3::bigint[], $4::bigint[]) as c(partition, after, upto)
                      cross join lateral (
                        select ${TURN_COLUMNS} from rollcall.turn t
                         where t.domain = $1 and t.partition = c.partition and ${hasLinesFrom("(c.after + 1)")}
                           and seq <= c.upto
                         order by seq limit $5) as t) as t) as t
      order by time, partition, seq`,
    [
      domain,
      spans.map(({ partition }) => partition),
      spans.map(({ after }) => after),
      spans.map(({ upto }) => upto),
      Math.ceil(ROWS_MAX / spans.length),
    ],
  );

/** Where the committed journal of these partitions ends: it has one writer, so no line appears below that later. */
export async function readLineEnds(
  sql: Sql,
  domain: string,
  partitions: readonly number[],
): Promise<ReadonlyMap<number, number>> {
  const rows = await sql.query<{ partition: number; last: number }>(
    `select partition, next_seq - 1 as last from rollcall.partition_owner
      where domain = $1 and partition = any($2::int[])`,
    [domain, partitions],
  );
  return new Map(rows.map(({ partition, last }) => [partition, last]));
}
