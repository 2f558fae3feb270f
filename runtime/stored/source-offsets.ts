import type { Sql } from "../ports/store.ts";

/** How far a topic's partition was read. */
export interface SourceOffset {
  readonly topic: string;
  readonly partition: number;
  /** The offset that is read next. */
  readonly nextOffset: number;
}

/** Of these topics, by topic and partition. */
export const readSourceOffsets = (sql: Sql, domain: string, topics: readonly string[]): Promise<SourceOffset[]> =>
  sql.query<SourceOffset>(
    `select topic, partition, next_offset as "nextOffset" from rollcall.source_offset
      where domain = $1 and topic = any($2::text[]) order by topic, partition`,
    [domain, topics],
  );

/** Only if it is unchanged: a process may have stored another offset meanwhile. */
export async function deleteSourceOffset(sql: Sql, domain: string, { topic, partition, nextOffset }: SourceOffset) {
  await sql.query(
    `delete from rollcall.source_offset where domain = $1 and topic = $2 and partition = $3 and next_offset = $4`,
    [domain, topic, partition, nextOffset],
  );
}

/** Of every domain. @returns how many there were */
export async function deleteAllSourceOffsets(sql: Sql): Promise<number> {
  return (await sql.query(`delete from rollcall.source_offset returning 1`)).length;
}
