import type { DoorKey } from "../core/door-seal.ts";
import type { Sql, Store } from "../ports/store.ts";

/** A key made within this time may not be known to every process yet: it opens, and seals nothing. */
const SETTLES_AFTER = "interval '5 seconds'";

export interface StoredDoorKey extends DoorKey {
  /** Whether it may be used to seal. */
  readonly isSettled: boolean;
  readonly ageMs: number;
}

/** Those that are valid, the newest first: at most two. */
export const readDoorKeys = (sql: Sql): Promise<StoredDoorKey[]> =>
  sql.query<StoredDoorKey>(
    `select id, secret, made_at <= now() - ${SETTLES_AFTER} as "isSettled",
        (extract(epoch from now() - made_at) * 1000)::float8 as "ageMs"
       from rollcall.door_key order by id desc limit 2`,
  );

/** Of processes that start at once the first one's counts. @param secret 32 random bytes */
export async function addFirstDoorKey(sql: Sql, secret: Buffer): Promise<void> {
  await sql.query(
    `insert into rollcall.door_key (id, secret) select 1, $1::bytea where not exists (select from rollcall.door_key)
     on conflict do nothing`,
    [secret],
  );
}

/**
 * Makes a new key. The one before it stays valid, older ones are gone.
 * @param secret 32 random bytes
 * @param agedMs the newest key has to be that old: else messages may be under way that the one before it has signed
 * @returns the id of the new key; undefined: the newest is too young, and nothing was changed
 */
export const rotateDoorKey = (store: Store, secret: Buffer, agedMs: number): Promise<number | undefined> =>
  store.transaction(async (tx) => {
    await tx.query(`lock table rollcall.door_key in exclusive mode`);
    const [newest] = await readDoorKeys(tx);
    if (newest && newest.ageMs < agedMs) return undefined;
    const id = (newest?.id ?? 0) + 1;
    await tx.query(`insert into rollcall.door_key (id, secret) values ($1, $2::bytea)`, [id, secret]);
    await tx.query(`delete from rollcall.door_key where id < $1`, [id - 1]);
    return id;
  });
