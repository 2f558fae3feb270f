import { Fault } from "../core/fault.ts";
import type { EventLine, JournalLine, LineKind, NewLine } from "../core/journal.ts";
import { CHUNK_LINES_MAX } from "./write-lines.ts";

// Reads what runtime/stored/write-lines.ts writes.

/** A row of rollcall.turn. */
export interface TurnRow {
  readonly partition: number;
  readonly seq: number;
  readonly last_seq: number;
  readonly at: Date;
  readonly contract_hash: string;
  readonly lines: string;
}
export const TURN_COLUMNS = "partition, seq, last_seq, at, contract_hash, lines";
/** In SQL, for the rows from the one on that has this line: a row has so few lines that the key finds the first. */
export const hasLinesFrom = (seq: string): string => `seq > ${seq}::bigint - ${CHUNK_LINES_MAX} and last_seq >= ${seq}`;

const HEAD = /^\{"seq":(\d+),"kind":"(\w+)"/;
/** No string of JSON has a quote behind a comma, and an event has no object before its value, which comes last. */
const VALUE = ',"value":';
const KINDS: Readonly<Record<LineKind, true>> = {
  message: true,
  event: true,
  intent: true,
  not_yet: true,
  end: true,
  repeat: true,
  repartitioned: true,
  dead_letter: true,
  gap: true,
};

interface Wanted {
  /** Only lines about this entity. */
  readonly entityId?: string | undefined;
  readonly kind?: LineKind;
}

/**
 * The lines of a row.
 * @param entityId only those about this entity; the others are not parsed
 * @throws Fault JOURNAL_DAMAGED, not retryable: names domain, partition, row and line
 */
export const linesOf = (domain: string, row: TurnRow, entityId?: string): JournalLine[] =>
  readRow(domain, row, { entityId });

/** The events among the lines of a row. As `linesOf`. */
export const eventLinesOf = (domain: string, row: TurnRow, entityId?: string): JournalLine<EventLine>[] =>
  readRow(domain, row, { entityId, kind: "event" }).filter((line) => line.kind === "event");

function readRow(domain: string, row: TurnRow, { entityId, kind }: Wanted): JournalLine[] {
  const texts = row.lines.split("\n");
  if (texts.length !== row.last_seq - row.seq + 1)
    throw damagedRow(domain, row, `has ${texts.length} lines, not ${row.last_seq - row.seq + 1}`);
  const quoted = entityId === undefined ? "" : JSON.stringify(entityId);
  const { partition, contract_hash } = row;
  const at = row.at.toISOString();
  const lines: JournalLine[] = [];
  texts.forEach((text, index) => {
    const seq = row.seq + index;
    const of = kindOf(text, seq);
    const isWanted = of !== undefined && (kind === undefined || kind === of) && text.includes(quoted);
    if (of !== undefined && !isWanted) return;
    const line = of && parseLine(text, of);
    if (!line) throw damagedRow(domain, row, `has a line ${seq} that can't be read: ${text.slice(0, 80)}`);
    if (entityId === undefined || line.entity_id === entityId)
      lines.push(Object.assign(line, { partition, at, contract_hash }) as JournalLine);
  });
  return lines;
}

/** @returns undefined when it is no line, or has another number */
function kindOf(text: string, seq: number): LineKind | undefined {
  const [, number, kind = ""] = HEAD.exec(text) ?? [];
  return Number(number) === seq && Object.hasOwn(KINDS, kind) ? (kind as LineKind) : undefined;
}

/** @returns undefined when it can't be read */
function parseLine(text: string, kind: LineKind): NewLine | undefined {
  try {
    if (kind !== "event") return JSON.parse(text) as NewLine;
    const valueAt = text.indexOf(VALUE);
    const value = text.slice(valueAt + VALUE.length, -1);
    if (valueAt < 0 || !value.startsWith("{") || !text.endsWith("}}")) return undefined;
    return Object.assign(JSON.parse(`${text.slice(0, valueAt)}}`) as NewLine, { value });
  } catch {
    return undefined;
  }
}

type LinePlace = Pick<JournalLine, "partition" | "seq">;

export const damagedLine = (domain: string, { partition, seq }: LinePlace, what: string): Fault =>
  new Fault("JOURNAL_DAMAGED", `line ${seq} of partition ${partition} of ${domain} in rollcall.turn ${what}`, {
    retryable: false,
  });

export const damagedRow = (domain: string, { partition, seq }: TurnRow, what: string): Fault =>
  new Fault("JOURNAL_DAMAGED", `the row ${seq} of partition ${partition} of ${domain} in rollcall.turn ${what}`, {
    retryable: false,
  });
