import type { SealedDoor } from "../core/door-seal.ts";
import { VALUE_BYTES_MAX } from "../core/incoming-json.ts";
import type { Sql, SqlValue } from "../ports/store.ts";

/** A message that could not be processed. */
export interface StoredDeadLetter {
  /** A UUID. */
  readonly id: string;
  readonly at: Date;
  readonly code: string;
  readonly error: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly key: Buffer | null;
  /** How long the value was. */
  readonly valueBytes: number;
  /** Whether only the value's beginning was kept. */
  readonly isTruncated: boolean;
  readonly retriedAt: Date | null;
}

/** With the message itself. */
export interface StoredDeadLetterMessage extends StoredDeadLetter {
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, string>>;
  /** Its door, where it had one that was its own. */
  readonly door: SealedDoor | null;
}

export interface DeadLetterSelection {
  readonly code?: string | undefined;
  readonly topic?: string | undefined;
}

export interface DeadLetterFilter extends DeadLetterSelection {
  readonly key?: Buffer;
  /** Whether they were retried. */
  readonly retried?: boolean | undefined;
  /** Only those behind this one in the list: its time in RFC 3339, and its id. */
  readonly after?: { readonly at: string; readonly id: string } | undefined;
}

const SUMMARY_COLUMNS = `id, at, error_code as code, error, topic, partition, "offset", key,
  value_bytes as "valueBytes", value_bytes > ${VALUE_BYTES_MAX} as "isTruncated", retried_at as "retriedAt"`;
const MESSAGE_COLUMNS = `${SUMMARY_COLUMNS}, value, headers, door`;

/** Of $1 to $3: the domain, an error code and a topic. */
const SELECTION = `rollcall.dead_letter where domain = $1
  and ($2::text is null or error_code = $2) and ($3::text is null or topic = $3)`;
/** Complete, and not retried yet. */
const RETRYABLE = `${SELECTION} and value_bytes <= ${VALUE_BYTES_MAX} and retried_at is null`;

const selectionValues = (domain: string, { code, topic }: DeadLetterSelection): readonly SqlValue[] => [
  domain,
  code ?? null,
  topic ?? null,
];

/** Above every id. */
const ID_MAX = "ffffffff-ffff-ffff-ffff-ffffffffffff";

/** Newest first. The condition on the time is one that the index serves, also where the plan is a generic one. */
export function readDeadLetters(sql: Sql, domain: string, filter: DeadLetterFilter, limit: number) {
  const { key, retried, after } = filter;
  return sql.query<StoredDeadLetter>(
    `select ${SUMMARY_COLUMNS} from ${SELECTION} and ($4::bytea is null or key = $4)
        and ($5::boolean is null or (retried_at is not null) = $5)
        and (at, id) < (coalesce($6::timestamptz, 'infinity'), coalesce($7::uuid, '${ID_MAX}'))
      order by at desc, id desc limit $8`,
    [...selectionValues(domain, filter), key ?? null, retried ?? null, after?.at ?? null, after?.id ?? null, limit],
  );
}

/** Undefined: there is none with this id. */
export async function readDeadLetter(
  sql: Sql,
  domain: string,
  id: string,
): Promise<StoredDeadLetterMessage | undefined> {
  const [row] = await sql.query<StoredDeadLetterMessage>(
    `select ${MESSAGE_COLUMNS} from rollcall.dead_letter where domain = $1 and id = $2::uuid`,
    [domain, id],
  );
  return row;
}

/** How many match, are complete and were not retried yet. */
export async function countRetryableDeadLetters(sql: Sql, domain: string, selection: DeadLetterSelection) {
  const [row] = await sql.query<{ count: number }>(
    `select count(*)::int as count from ${RETRYABLE}`,
    selectionValues(domain, selection),
  );
  return row?.count ?? 0;
}

/**
 * The oldest that match, are complete and were not retried yet, oldest first.
 * @param max at most so many, and so many bytes of values together; the first comes in any case
 */
export const oldestRetryableDeadLetters = (
  sql: Sql,
  domain: string,
  selection: DeadLetterSelection,
  max: { readonly rows: number; readonly bytes: number },
): Promise<StoredDeadLetterMessage[]> =>
  sql.query<StoredDeadLetterMessage>(
    `select ${MESSAGE_COLUMNS}
       from (select *, sum(value_bytes) over (order by at, id) as bytes
               from (select * from ${RETRYABLE} order by at, id limit $4) as oldest) as counted
      where bytes <= $5 or bytes = value_bytes order by at, id`,
    [...selectionValues(domain, selection), max.rows, max.bytes],
  );

/** That they were published again, now. */
export async function markDeadLettersRetried(sql: Sql, ids: readonly string[]): Promise<void> {
  await sql.query(`update rollcall.dead_letter set retried_at = now() where id = any($1::uuid[])`, [ids]);
}

export async function deleteDeadLetter(sql: Sql, id: string): Promise<void> {
  await sql.query(`delete from rollcall.dead_letter where id = $1::uuid`, [id]);
}

export async function countDeadLetters(sql: Sql, domain: string): Promise<number> {
  const [row] = await sql.query<{ count: number }>(
    `select count(*)::int as count from rollcall.dead_letter where domain = $1`,
    [domain],
  );
  return row?.count ?? 0;
}

/** How many were not retried yet, by error code. */
export const countUnretriedByCode = (sql: Sql, domain: string) =>
  sql.query<{ readonly code: string; readonly count: number }>(
    `select error_code as code, count(*)::int as count from rollcall.dead_letter
      where domain = $1 and retried_at is null group by error_code order by error_code`,
    [domain],
  );
