import { isUtf8 } from "node:buffer";
import { z } from "zod";
import type { Sql, SqlValue } from "../../../runtime/ports/store.ts";
import { VALUE_BYTES_MAX } from "../../../runtime/core/incoming-json.ts";

/** A message that could not be processed. */
export const DeadLetter = z.object({
  id: z.uuid(),
  at: z.iso.datetime(),
  code: z.string(),
  error: z.string(),
  topic: z.string(),
  partition: z.int(),
  offset: z.int(),
  key: z.string().nullable(),
  value_bytes: z.int(),
  truncated: z.boolean().describe("only the first 256 KiB were kept, so it can't be retried"),
  retried_at: z.iso.datetime().nullable(),
});
export type DeadLetter = z.infer<typeof DeadLetter>;

/** With the message itself. */
export const DeadLetterDetail = DeadLetter.extend({
  value: z.string().nullable(),
  value_encoding: z.enum(["utf8", "base64"]).describe("base64: the bytes are not UTF-8"),
  headers: z.record(z.string(), z.string()),
});
export type DeadLetterDetail = z.infer<typeof DeadLetterDetail>;

interface DeadLetterRow {
  readonly id: string;
  readonly at: Date;
  readonly error_code: string;
  readonly error: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly key: Buffer | null;
  readonly value_bytes: number;
  readonly retried_at: Date | null;
}
export interface DeadLetterDetailRow extends DeadLetterRow {
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, string>>;
}
const SUMMARY_COLUMNS = `id, at, error_code, error, topic, partition, "offset", key, value_bytes, retried_at`;
export const DETAIL_COLUMNS = `${SUMMARY_COLUMNS}, value, headers`;

export interface DeadLetterFilter {
  readonly code?: string | undefined;
  readonly topic?: string | undefined;
  /** Whether they were retried. */
  readonly retried?: boolean | undefined;
}

/** Newest first, from behind the position given. */
export async function findDeadLetters(
  sql: Sql,
  domain: string,
  filter: DeadLetterFilter,
  page: { readonly after?: { readonly at: string; readonly id: string } | undefined; readonly limit: number },
): Promise<DeadLetter[]> {
  const values: SqlValue[] = [domain, page.limit];
  const add = (value: SqlValue): string => `$${values.push(value)}`;
  const conditions = [
    "domain = $1",
    ...(filter.code === undefined ? [] : [`error_code = ${add(filter.code)}`]),
    ...(filter.topic === undefined ? [] : [`topic = ${add(filter.topic)}`]),
    ...(filter.retried === undefined ? [] : [`retried_at is ${filter.retried ? "not " : ""}null`]),
    ...(page.after ? [`(at, id) < (${add(page.after.at)}::timestamptz, ${add(page.after.id)}::uuid)`] : []),
  ];
  const rows = await sql.query<DeadLetterRow>(
    `select ${SUMMARY_COLUMNS} from rollcall.dead_letter where ${conditions.join(" and ")} order by at desc, ` +
      "id desc limit $2",
    values,
  );
  return rows.map(deadLetterOf);
}

export async function readDeadLetter(sql: Sql, domain: string, id: string): Promise<DeadLetterDetailRow | undefined> {
  const [row] = await sql.query<DeadLetterDetailRow>(
    `select ${DETAIL_COLUMNS} from rollcall.dead_letter where domain = $1 and id = $2::uuid`,
    [domain, id],
  );
  return row;
}

export function deadLetterOf(row: DeadLetterRow): DeadLetter {
  return {
    id: row.id,
    at: row.at.toISOString(),
    code: row.error_code,
    error: row.error,
    topic: row.topic,
    partition: row.partition,
    offset: row.offset,
    key: row.key === null ? null : row.key.toString("utf8"),
    value_bytes: row.value_bytes,
    truncated: row.value_bytes > VALUE_BYTES_MAX,
    retried_at: row.retried_at?.toISOString() ?? null,
  };
}

export function deadLetterDetailOf(row: DeadLetterDetailRow): DeadLetterDetail {
  const encoding = row.value === null || isUtf8(row.value) ? "utf8" : "base64";
  return {
    ...deadLetterOf(row),
    value: row.value?.toString(encoding) ?? null,
    value_encoding: encoding,
    headers: row.headers,
  };
}
