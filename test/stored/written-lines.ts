import type { NewLine } from "../../runtime/core/journal.ts";
import type { Sql } from "../../runtime/ports/store.ts";
import { LineChunks } from "../../runtime/stored/write-lines.ts";

export const DOMAIN = "toy";

interface WrittenTurn {
  readonly partition?: number;
  readonly at: string;
  /** Of the first line. */
  readonly seq: number;
}

/** Writes lines as a turn would, and returns the number behind the last one. */
export async function writeTurn(sql: Sql, { partition = 0, at, seq }: WrittenTurn, lines: readonly NewLine[]) {
  const chunks = new LineChunks();
  lines.forEach((line, index) => chunks.add(seq + index, line));
  for (const chunk of chunks.chunks)
    await sql.query(
      `insert into rollcall.turn (domain, partition, seq, last_seq, at, contract_hash, lines)
       values ($1, $2, $3, $4, $5, 'hash', $6)`,
      [DOMAIN, partition, chunk.seq, chunk.lastSeq, new Date(at), chunk.lines],
    );
  return seq + lines.length;
}

export const replaceInLines = (sql: Sql, from: string, to: string): Promise<unknown> =>
  sql.query(`update rollcall.turn set lines = replace(lines, $1, $2)`, [from, to]);
