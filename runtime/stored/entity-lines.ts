import type { DeadLetterLine, EventLine, IntentLine, JournalLine } from "../core/journal.ts";
import type { Sql } from "../ports/store.ts";
import { dayBeginMs, utcDayOf } from "../core/time.ts";
import { damagedLine, damagedRow, hasLinesFrom, linesOf, TURN_COLUMNS, type TurnRow } from "./read-lines.ts";

// An entity's lines are found from its newest one backwards, since each names the one before it: there is no index.

const DAY_MS = 86_400_000;

/** Where a line of an entity stands in its partition's journal. */
export interface LinePosition {
  readonly seq: number;
  /** The UTC day of its turn, as 2026-01-31: only that day's part of the table is looked into. */
  readonly day: string;
}

/** A line that an entity's chain may have. */
export type EntityLine = Exclude<JournalLine, { readonly kind: "gap" | "repartitioned" }>;

/** A line, and behind that of a step the lines of its events and intents, in their order. */
export interface LineGroup {
  readonly head: Exclude<EntityLine, { readonly kind: "event" | "intent" }>;
  readonly behind: readonly (JournalLine<EventLine> | JournalLine<IntentLine>)[];
}

export const positionOf = ({ seq, at }: Pick<EntityLine, "seq" | "at">): LinePosition => ({
  seq,
  day: at.slice(0, 10),
});

/** @param lastLineMs when it was written, ms since the epoch */
export const newestLineOf = ({ lastLine, lastLineMs }: { readonly lastLine: number; readonly lastLineMs: number }) =>
  // 0: nothing about the entity was written yet.
  lastLine === 0 ? undefined : { seq: lastLine, day: utcDayOf(lastLineMs) };

/**
 * The lines of an entity, step by step, newest first. Ends where the entity began, or with the first line of a day of
 * which the day before it was dropped.
 * @param from the entity's newest line, or the last one of an older group
 * @throws Fault JOURNAL_DAMAGED, not retryable: a line can't be read, or is missing on a day that is there
 */
export async function* groupsBackwards(
  sql: Sql,
  domain: string,
  partition: number,
  entityId: string,
  from: LinePosition | undefined,
): AsyncGenerator<LineGroup> {
  let behind: LineGroup["behind"][number][] = [];
  for (let next = from; next !== undefined;) {
    const row = await findRow(sql, domain, partition, next);
    if (!row) return assertDropped(sql, domain, partition, next);
    const lines = new Map(linesOf(domain, row, entityId).map((line) => [line.seq, line]));
    while (next !== undefined && next.seq >= row.seq) {
      const line = lines.get(next.seq);
      if (!line || line.kind === "gap" || line.kind === "repartitioned")
        throw damagedRow(domain, row, `has at ${next.seq} no line of ${entityId}, which another one names`);
      if (line.kind === "event" || line.kind === "intent") behind.push(line);
      else {
        yield { head: line, behind: behind.reverse() };
        behind = [];
      }
      next = positionBefore(domain, row, line);
    }
  }
}

/** So many groups are looked at to find one. */
const LATEST_MAX = 1_000;

/** The same as `groupsBackwards`, for whoever looks for one group: not more than 1,000. */
export async function* latestGroups(...of: Parameters<typeof groupsBackwards>): AsyncGenerator<LineGroup> {
  let left = LATEST_MAX;
  for await (const group of groupsBackwards(...of)) {
    yield group;
    if (--left === 0) return;
  }
}

/** Whether the dead letter is of the message, as far as its id tells. */
export const isLetterOf = ({ refused, headers }: DeadLetterLine, messageId: string): boolean =>
  refused?.id === messageId || headers["message_id"] === messageId;

function positionBefore(domain: string, row: TurnRow, line: EntityLine): LinePosition | undefined {
  if (!line.prev) return undefined;
  if (line.prev < line.seq) return { seq: line.prev, day: line.prev_day ?? positionOf(line).day };
  throw damagedRow(domain, row, `has a line ${line.seq} that names ${line.prev} as the one before it`);
}

/** The row that has the line. */
async function findRow(sql: Sql, domain: string, partition: number, { seq, day }: LinePosition) {
  const [row] = await sql.query<TurnRow>(
    `select ${TURN_COLUMNS} from rollcall.turn
      where domain = $1 and partition = $2 and seq <= $3 and ${hasLinesFrom("$3")}
        and at >= $4 and at < $5
      order by seq desc limit 1`,
    [domain, partition, seq, ...boundsOf(day)],
  );
  return row;
}

/** Days are dropped whole: of one that was, nothing is left. */
async function assertDropped(sql: Sql, domain: string, partition: number, { seq, day }: LinePosition): Promise<void> {
  const left = await sql.query(
    `select 1 from rollcall.turn where domain = $1 and partition = $2 and at >= $3 and at < $4 limit 1`,
    [domain, partition, ...boundsOf(day)],
  );
  if (left.length > 0) throw damagedLine(domain, { partition, seq }, `is missing, of which ${day} is there`);
}

function boundsOf(day: string): readonly [Date, Date] {
  const beginMs = dayBeginMs(day);
  return [new Date(beginMs), new Date(beginMs + DAY_MS)];
}
