import type { EventLine, JournalLine } from "../core/journal.ts";
import type { Sql } from "../ports/store.ts";
import { eventLinesOf, hasLinesFrom, TURN_COLUMNS, type TurnRow } from "./read-lines.ts";

/** An event with the bytes that are published. */
export type JournaledEvent = Pick<JournalLine<EventLine>, "partition" | "seq" | "type" | "entity_id" | "value">;

/** How far each partition's journal was read: the last seq, by partition number. */
type Position = readonly number[];

export interface EventPage {
  readonly events: readonly JournaledEvent[];
  /** Up to where it was read: also over what is no event, or does not match. */
  readonly position: Position;
}

/** So many rows are looked at for a page, and so much of their lines is read: a row more than that at the most. */
const ROWS_MAX = 256;
const PAGE_BYTES = 512 * 1024;

/** Where each partition's committed journal ends: it has one writer, so no line appears below that later. */
export async function readJournalEnds(sql: Sql, domain: string): Promise<Position> {
  const rows = await sql.query<{ last: number }>(
    `select next_seq - 1 as last from rollcall.partition_owner where domain = $1 order by partition`,
    [domain],
  );
  return rows.map(({ last }) => last);
}

/**
 * Events behind `from` and up to `upto`, the oldest first, at most a page. Within a partition in the order of its
 * journal; by time between partitions, which have no common order.
 * @param wanted only events of these types, and of this entity
 * @throws Fault JOURNAL_DAMAGED, not retryable: an event can't be read
 */
export async function readEventPage(
  sql: Sql,
  domain: string,
  from: Position,
  upto: Position,
  wanted: { readonly types?: readonly string[] | undefined; readonly entityId?: string | undefined } = {},
): Promise<EventPage> {
  const { types, entityId } = wanted;
  const begin = (partition: number): number => from[partition] ?? 0;
  const changed = upto.flatMap((last, partition) => (last > begin(partition) ? [{ partition, last }] : []));
  if (changed.length === 0) return { events: [], position: upto };
  // A partition of which no row is found has nothing left in that range.
  const position = [...upto];
  const held = new Set<number>();
  const events: JournaledEvent[] = [];
  for (const { lines, ...row } of await readRows(sql, domain, changed, begin)) {
    const { partition, last_seq } = row;
    if (lines === null) {
      if (!held.has(partition)) position[partition] = begin(partition);
    } else {
      position[partition] = last_seq;
      for (const event of eventLinesOf(domain, { ...row, lines }, entityId))
        if (event.seq > begin(partition) && (types?.includes(event.type) ?? true)) events.push(event);
    }
    held.add(partition);
  }
  return { events, position };
}

/** @returns rows by time; those that the page has no room for are without their lines */
const readRows = (
  sql: Sql,
  domain: string,
  changed: readonly { readonly partition: number; readonly last: number }[],
  begin: (partition: number) => number,
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
      changed.map(({ partition }) => partition),
      changed.map(({ partition }) => begin(partition)),
      changed.map(({ last }) => last),
      Math.ceil(ROWS_MAX / changed.length),
    ],
  );
