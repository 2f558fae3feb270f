import { derivedId } from "../core/ids.ts";
import type { Sql } from "../ports/store.ts";

/** Of a UUID's text: the time that a UUIDv7 begins with, and behind it the version. */
const TIME_LENGTH = 15;

/**
 * Under this key a message is known as processed, for as long as it may be delivered again. A message's id that begins
 * with its time (UUIDv7) gives a key that does: keys of one time lie together, so that looking for a new one reads the
 * same few pages each time, where keys in no order would have a page read in each day's index.
 */
export function seenKey(
  domain: string,
  { entityId, type, id }: { readonly entityId: string; readonly type: string; readonly id: string },
): string {
  const key = derivedId("seen", domain, entityId, type, id);
  return id[TIME_LENGTH - 1] === "7" ? id.slice(0, TIME_LENGTH) + key.slice(TIME_LENGTH) : key;
}

/**
 * Notes for what an Idempotency-Key is used; remembered for as long as the ids of messages.
 * @param parts whose key it is, and the key
 * @param digest of what it is used for
 * @param day today, UTC, as 2026-01-31
 * @returns false: it was used for something else
 */
export async function claimKey(sql: Sql, parts: readonly string[], digest: string, day: string): Promise<boolean> {
  const key = derivedId("idempotency", ...parts);
  const use = derivedId("idempotency", ...parts, digest);
  const isFree = (known: ReadonlySet<string>): boolean => !known.has(key) || known.has(use);
  const known = await readSeen(sql, [key, use]);
  if (known.has(key)) return isFree(known);
  const claimed = await sql.query(
    `with first as (
       insert into rollcall.seen (day, key) values ($1::date, $2::uuid) on conflict do nothing returning key
     )
     insert into rollcall.seen (day, key) select $1::date, $3::uuid from first on conflict do nothing returning key`,
    [day, key, use],
  );
  // Another request has claimed it at the same time.
  return claimed.length > 0 || isFree(await readSeen(sql, [key, use]));
}

/** Which of these keys are known. */
export async function readSeen(sql: Sql, keys: readonly string[]): Promise<Set<string>> {
  if (keys.length === 0) return new Set();
  const rows = await sql.query<{ key: string }>(`select key from rollcall.seen where key = any($1::uuid[])`, [keys]);
  return new Set(rows.map(({ key }) => key));
}
