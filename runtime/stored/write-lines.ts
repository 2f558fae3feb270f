import { isUtf8 } from "node:buffer";
import type { EntityLink, JournalBytes, NewLine } from "../core/journal.ts";

// The form of a row of rollcall.turn: its lines are joined by line feeds, each is a JSON object that begins with `seq`
// and `kind`. Of an event the published bytes come last, as they are; everything else is as JSON.stringify writes it.
// runtime/stored/read-lines.ts reads it.

/** A row takes so many lines, or so much text, whichever comes first; a single line may be longer. */
export const CHUNK_LINES_MAX = 256;
export const CHUNK_LENGTH_MAX = 128 * 1024;

export type LineLink = Omit<EntityLink, "entity_id">;

/** A line without its link; `kind` is the first of its keys. */
export type UnplacedLine = NewLine extends infer Line
  ? Line extends NewLine
    ? Omit<Line, keyof LineLink>
    : never
  : never;

export interface Chunk {
  readonly seq: number;
  lastSeq: number;
  lines: string;
}

/** The lines of one partition's turn, in the order of their numbers, as the rows that take them. */
export class LineChunks {
  readonly chunks: Chunk[] = [];

  /** @param link what the line names of the entity's lines before it */
  add(seq: number, line: UnplacedLine, link: LineLink = {}): void {
    const text = lineText(seq, line, link);
    const last = this.chunks.at(-1);
    const isFull = !last || seq - last.seq >= CHUNK_LINES_MAX || last.lines.length + text.length >= CHUNK_LENGTH_MAX;
    if (isFull) this.chunks.push({ seq, lastSeq: seq, lines: text });
    else {
      last.lastSeq = seq;
      last.lines += `\n${text}`;
    }
  }
}

// Put together from texts: a copy of each line's object would cost as much again.
function lineText(seq: number, line: UnplacedLine, { prev, prev_day, before }: LineLink): string {
  const head = `"kind":"${line.kind}",`;
  const linked = prev === undefined ? "" : `"prev":${prev},`;
  const ofDay = before === undefined ? "" : `${JSON.stringify({ prev_day, before }).slice(1, -1)},`;
  return `{"seq":${seq},${head}${linked}${ofDay}${fieldsText(line).slice(1 + head.length)}`;
}

/** The kind is the first. */
function fieldsText(line: UnplacedLine): string {
  if (line.kind !== "event") return JSON.stringify(line);
  const { value, ...rest } = line;
  // An event's value is JSON without line feeds: JSON.stringify made it.
  return `${JSON.stringify(rest).slice(0, -1)},"value":${value}}`;
}

export const encodeBytes = (bytes: Buffer | null): JournalBytes | null =>
  bytes === null ? null : isUtf8(bytes) ? bytes.toString("utf8") : { base64: bytes.toString("base64") };

export const decodeBytes = (bytes: JournalBytes | null): Buffer | null =>
  bytes === null ? null : typeof bytes === "string" ? Buffer.from(bytes) : Buffer.from(bytes.base64, "base64");
