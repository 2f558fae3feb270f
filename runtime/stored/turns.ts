import type { JournalLine } from "../core/journal.ts";
import type { Sql } from "../ports/store.ts";
import { damagedLine, hasLinesFrom, linesOf, TURN_COLUMNS, type TurnRow } from "./read-lines.ts";

/** So many rows are asked for at a time: 8 MiB of lines at the most, but for single lines that are longer. */
const ROWS_MAX = 64;
const DAY_MS = 86_400_000;

export interface LineRange {
  /** The first line, and the one behind the last. */
  readonly from: number;
  readonly to: number;
  /** Broker time of `from`, or earlier: days long before it are not looked at. */
  readonly since?: Date | undefined;
  /** How many ranges are read beside this one, itself included: together they ask for as much as one. */
  readonly readers?: number;
}

/**
 * The lines of a partition in order, a row of the table at a time.
 * @throws Fault JOURNAL_DAMAGED, not retryable: a line can't be read, or is missing
 */
export async function* readLines(
  sql: Sql,
  domain: string,
  partition: number,
  { from, to, since, readers = 1 }: LineRange,
): AsyncGenerator<readonly JournalLine[]> {
  // The broker's time can go back, so that a line is of an earlier day than the one before it.
  const earliest = since && new Date(since.getTime() - DAY_MS);
  for (let next = from; next < to;) {
    const rows = await sql.query<TurnRow>(
      `select ${TURN_COLUMNS} from rollcall.turn
        where domain = $1 and partition = $2 and ${hasLinesFrom("$3")} and seq < $4
          ${earliest ? "and at >= $5" : ""}
        order by seq limit ${Math.ceil(ROWS_MAX / readers)}`,
      [domain, partition, next, to, ...(earliest ? [earliest] : [])],
    );
    if (rows.length === 0) throw missing(domain, partition, next);
    for (const row of rows) {
      if (row.seq > next) throw missing(domain, partition, next);
      yield linesOf(domain, row).filter(({ seq }) => seq >= next && seq < to);
      next = row.last_seq + 1;
    }
  }
}

const missing = (domain: string, partition: number, seq: number) =>
  damagedLine(domain, { partition, seq }, "is missing");
