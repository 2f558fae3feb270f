import type { Intent } from "../core/intent.ts";
import type { Sql } from "../ports/store.ts";
import { type NameChoice, type NameInUse, namesInUse } from "./names-in-use.ts";

/** An intent without an outcome. */
export interface StoredIntent extends Pick<Intent, "id" | "type" | "target"> {
  readonly createdAt: Date;
}

/** Those of one entity, oldest first. */
export const readIntentsOf = (sql: Sql, domain: string, partition: number, entityId: string): Promise<StoredIntent[]> =>
  sql.query<StoredIntent>(
    `select id, type, target, created_at as "createdAt" from rollcall.intent
      where domain = $1 and partition = $2 and entity_id = $3 order by seq`,
    [domain, partition, entityId],
  );

/** How many of each type there are, by type, and for how many ms the oldest has been waiting. */
export const countIntentsByType = (sql: Sql, domain: string) =>
  sql.query<{ readonly type: string; readonly count: number; readonly oldestMs: number }>(
    `select type, count(*)::int as count, extract(epoch from now() - min(created_at))::float8 * 1000 as "oldestMs"
       from rollcall.intent where domain = $1 group by type order by type`,
    [domain],
  );

export async function countIntents(sql: Sql, domain: string): Promise<number> {
  const [row] = await sql.query<{ count: number }>(
    `select count(*)::int as count from rollcall.intent where domain = $1`,
    [domain],
  );
  return row?.count ?? 0;
}

/** The types that intents have. */
export const intentTypesInUse = (sql: Sql, domain: string, choice: NameChoice) =>
  sql.query<NameInUse>(...namesInUse({ rows: "rollcall.intent", column: "type" }, domain, choice));
