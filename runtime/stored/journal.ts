import { Fault } from "../core/fault.ts";
import type { EntitySnapshot, JournalLine } from "../core/journal.ts";
import { toRfc3339 } from "../core/time.ts";
import type { Sql } from "../ports/store.ts";
import { type EntityRecord, findEntitiesSinceLine } from "./entities.ts";
import { readLines } from "./turns.ts";

/** Entities that are read at a time. */
const ENTITIES_MAX = 256;

/**
 * How far a journal was read: up to a line of a partition, whose lines are read up to the one before `end`; or all of
 * its lines, and its entities up to this one.
 */
export type JournalPosition =
  readonly [partition: number, nextLine: number, end: number] | readonly [partition: number, afterEntity: string];

/** Lines, or the entities that come behind the lines of their partition. */
export interface JournalPart {
  readonly lines: readonly JournalLine[];
  readonly entities: readonly EntitySnapshot[];
  /** Behind the part. */
  readonly next: JournalPosition;
}

/** The partition's first line that is wanted, and the one behind its last. */
interface Bounds {
  readonly partition: number;
  readonly first: number;
  readonly end: number;
}

/**
 * A domain's journal, partition by partition: the lines in their order, then the stored entities by id. A partition's
 * lines are those that it has when its first one is read; of an entity that has moved on since, `last_line` tells it.
 * @param options.since RFC 3339: only what was written from the beginning of that UTC day on, and entities with lines
 * since then. The first line of each has `before`
 * @param options.hasAllEntities those without lines since then too
 * @param options.limit of lines and entities together
 * @throws Fault, not retryable: JOURNAL_DAMAGED, a line can't be read, or is missing; JOURNAL_DROPPED, the day of the
 * position is gone
 */
export async function* readJournal(
  sql: Sql,
  domain: string,
  options: {
    readonly since?: string | undefined;
    readonly hasAllEntities?: boolean;
    readonly position?: JournalPosition | undefined;
    readonly limit?: number | undefined;
  } = {},
): AsyncGenerator<JournalPart> {
  const since = options.since === undefined ? undefined : new Date(dayStart(options.since));
  let { position, limit: left = Infinity } = options;
  for (let from = position?.[0] ?? 0; left > 0; position = undefined) {
    const bounds = await readBounds(sql, domain, from, since);
    if (!bounds) return;
    const { partition } = bounds;
    if (position?.[0] !== partition) position = [partition, bounds.first, bounds.end];
    if (position.length === 3) {
      const [, next, end] = position;
      if (next < Math.min(bounds.first, end)) throw droppedMeanwhile(domain, partition, next);
      for await (const lines of readLines(sql, domain, partition, {
        from: next,
        to: Math.min(end, next + left),
        since,
      })) {
        left -= lines.length;
        yield { lines, entities: [], next: [partition, (lines.at(-1)?.seq ?? next) + 1, end] };
      }
      position = [partition, ""];
    }
    const knownFrom = since && !options.hasAllEntities ? bounds.first : 0;
    for (let [, after] = position; left > 0;) {
      const page = { after, limit: Math.min(left, ENTITIES_MAX) };
      const records = await findEntitiesSinceLine(sql, domain, partition, knownFrom, page);
      const last = records.at(-1);
      if (!last) break;
      after = last.entity.id;
      left -= records.length;
      const entities = records.map((record) => snapshotOf(partition, record));
      yield { lines: [], entities, next: [partition, after] };
    }
    from = partition + 1;
  }
}

const droppedMeanwhile = (domain: string, partition: number, seq: number): Fault =>
  new Fault(
    "JOURNAL_DROPPED",
    `line ${seq} of partition ${partition} of ${domain} was dropped with its day while it was read: begin anew`,
    { retryable: false },
  );

/** The beginning of the UTC day of a time; both RFC 3339. */
export const dayStart = (time: string): string => `${new Date(time).toISOString().slice(0, 10)}T00:00:00.000Z`;

/** @returns of the first partition from this one on; undefined: there is none */
async function readBounds(
  sql: Sql,
  domain: string,
  partition: number,
  since: Date | undefined,
): Promise<Bounds | undefined> {
  const [bounds] = await sql.query<Bounds>(
    `select o.partition, o.next_seq as "end", coalesce(
       (select t.seq from rollcall.turn t
         where t.domain = o.domain and t.partition = o.partition ${since ? "and t.at >= $3" : ""}
         order by t.seq limit 1), o.next_seq) as first
       from rollcall.partition_owner o where o.domain = $1 and o.partition >= $2 order by o.partition limit 1`,
    [domain, partition, ...(since ? [since] : [])],
  );
  return bounds;
}

const snapshotOf = (partition: number, { entity, lastLine }: EntityRecord): EntitySnapshot => ({
  partition,
  entity_id: entity.id,
  state: entity.state,
  reducer_state: entity.reducerState,
  seq: entity.seq,
  published_seq: entity.publishedSeq ?? undefined,
  attempt: entity.attempt,
  data: entity.data,
  deadlines: entity.deadlines,
  state_since: toRfc3339(entity.stateSince),
  last_line: lastLine,
});
