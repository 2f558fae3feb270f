import { derivedId } from "../core/ids.ts";
import type { Sql } from "../ports/store.ts";

/** Under this key a message is known as processed, for as long as it may be delivered again. */
export const seenKey = (
  domain: string,
  { entityId, type, id }: { readonly entityId: string; readonly type: string; readonly id: string },
): string => derivedId("seen", domain, entityId, type, id);

/** Which of these keys are known. */
export async function readSeen(sql: Sql, keys: readonly string[]): Promise<Set<string>> {
  if (keys.length === 0) return new Set();
  const rows = await sql.query<{ key: string }>(`select key from rollcall.seen where key = any($1::uuid[])`, [keys]);
  return new Set(rows.map(({ key }) => key));
}
