import type { EventLine, JournalLine } from "../core/journal.ts";
import type { Sql } from "../ports/store.ts";
import { eventLinesOf } from "./read-lines.ts";
import { readRowPage } from "./row-pages.ts";

/** An event with the bytes that are published. */
export type JournaledEvent = Pick<JournalLine<EventLine>, "partition" | "seq" | "type" | "entity_id" | "value">;

/** How far each partition's journal was read: the last seq, by partition number. */
type Position = readonly number[];

export interface EventPage {
  readonly events: readonly JournaledEvent[];
  /** Up to where it was read: also over what is no event, or does not match. */
  readonly position: Position;
}

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
  const changed = upto.flatMap((last, partition) =>
    last > begin(partition) ? [{ partition, after: begin(partition), upto: last }] : [],
  );
  if (changed.length === 0) return { events: [], position: upto };
  // A partition of which no row is found has nothing left in that range.
  const position = [...upto];
  const held = new Set<number>();
  const events: JournaledEvent[] = [];
  for (const { lines, ...row } of await readRowPage(sql, domain, changed)) {
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
