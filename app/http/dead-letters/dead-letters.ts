import { isUtf8 } from "node:buffer";
import { z } from "zod";
import { VALUE_BYTES_MAX } from "../../../runtime/core/incoming-json.ts";
import type { EventBus, OutgoingMessage } from "../../../runtime/ports/event-bus.ts";
import type { Sql } from "../../../runtime/ports/store.ts";
import type { System } from "../../host/compose.ts";
import { notFound } from "../server/problem.ts";
import { BROKER_TIME_HEADER, REPARTITIONED_HEADER } from "../../../runtime/shell/turns/read-items.ts";

const PUBLISH_MS = 10_000;
/** In one request. */
const RETRIES_MAX = 500;
/** Small batches: after a failure few messages are published again that are not marked as retried yet. */
const BATCH_ROWS = 50;
const BATCH_BYTES = 400 * 1024;

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

interface DeadLetterRow extends Omit<DeadLetter, "at" | "key" | "retried_at"> {
  readonly at: Date;
  readonly key: Buffer | null;
  readonly retried_at: Date | null;
}
export interface DeadLetterDetailRow extends DeadLetterRow {
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, string>>;
}
const SUMMARY_COLUMNS = `id, at, error_code as code, error, topic, partition, "offset", key, value_bytes,
  value_bytes > ${VALUE_BYTES_MAX} as truncated, retried_at`;
export const DETAIL_COLUMNS = `${SUMMARY_COLUMNS}, value, headers`;

/** Of $1 to $3: the domain, an error code and a topic. */
const SELECTION = `rollcall.dead_letter where domain = $1
  and ($2::text is null or error_code = $2) and ($3::text is null or topic = $3)`;

interface DeadLetterSelection {
  readonly code?: string | undefined;
  readonly topic?: string | undefined;
}
interface DeadLetterFilter extends DeadLetterSelection {
  readonly key?: Buffer;
  /** Whether they were retried. */
  readonly retried?: boolean | undefined;
  /** Only those behind this one in the list. */
  readonly after?: Pick<DeadLetter, "at" | "id"> | undefined;
}

/** Above every id. */
const ID_MAX = "ffffffff-ffff-ffff-ffff-ffffffffffff";

/** Newest first. The condition on the time is one that the index serves, also where the plan is a generic one. */
export async function findDeadLetters({ store, domain }: System, filter: DeadLetterFilter, limit: number) {
  const { code, topic, key, retried, after } = filter;
  const rows = await store.query<DeadLetterRow>(
    `select ${SUMMARY_COLUMNS} from ${SELECTION} and ($4::bytea is null or key = $4)
        and ($5::boolean is null or (retried_at is not null) = $5)
        and (at, id) < (coalesce($6::timestamptz, 'infinity'), coalesce($7::uuid, '${ID_MAX}'))
      order by at desc, id desc limit $8`,
    [domain.name, code, topic, key, retried, after?.at, after?.id, limit].map((value) => value ?? null),
  );
  return rows.map(deadLetterOf);
}

/** @throws Problem not-found */
export async function requireDeadLetter({ store, domain }: System, id: string): Promise<DeadLetterDetailRow> {
  const [row] = await store.query<DeadLetterDetailRow>(
    `select ${DETAIL_COLUMNS} from rollcall.dead_letter where domain = $1 and id = $2::uuid`,
    [domain.name, id],
  );
  if (!row) throw notFound(`there is no dead letter ${id}`);
  return row;
}

export const deadLetterOf = ({
  value: _value,
  headers: _headers,
  ...row
}: DeadLetterRow & Partial<DeadLetterDetailRow>): DeadLetter => ({
  ...row,
  at: row.at.toISOString(),
  key: row.key?.toString("utf8") ?? null,
  retried_at: row.retried_at?.toISOString() ?? null,
});

export function deadLetterDetailOf(row: DeadLetterDetailRow): DeadLetterDetail {
  const { value, headers } = row;
  const encoding = value === null || isUtf8(value) ? "utf8" : "base64";
  return { ...deadLetterOf(row), value: value?.toString(encoding) ?? null, value_encoding: encoding, headers };
}

/** Publishes the messages to their topics again, byte for byte. */
export async function retryDeadLetters(bus: Pick<EventBus, "publish">, sql: Sql, rows: readonly DeadLetterDetailRow[]) {
  await bus.publish(rows.map(outgoingOf), { timeoutMs: PUBLISH_MS });
  const ids = rows.map(({ id }) => id);
  await sql.query(`update rollcall.dead_letter set retried_at = now() where id = any($1::uuid[])`, [ids]);
}

/** Retries the oldest that match, are complete and were not retried yet. `left`: how many of those remain. */
export async function retryMatching({ bus, store, domain }: System, { code, topic }: DeadLetterSelection) {
  const selection = `${SELECTION} and value_bytes <= ${VALUE_BYTES_MAX} and retried_at is null`;
  const values = [domain.name, code ?? null, topic ?? null];
  const count = async () => {
    const [row] = await store.query<{ count: number }>(`select count(*)::int as count from ${selection}`, values);
    return row?.count ?? 0;
  };
  // Those that fail again meanwhile are the newest: they are not reached.
  const total = Math.min(RETRIES_MAX, await count());
  let retried = 0;
  while (retried < total) {
    const rows = await store.query<DeadLetterDetailRow>(
      `select ${DETAIL_COLUMNS}
         from (select *, sum(value_bytes) over (order by at, id) as bytes
                 from (select * from ${selection} order by at, id limit $4) as oldest) as counted
        where bytes <= ${BATCH_BYTES} or bytes = value_bytes order by at, id`,
      [...values, Math.min(BATCH_ROWS, total - retried)],
    );
    if (rows.length === 0) break;
    await retryDeadLetters(bus, store, rows);
    retried += rows.length;
  }
  return { retried, left: await count() };
}

function outgoingOf({ topic, partition, key, value, headers: all }: DeadLetterDetailRow): OutgoingMessage {
  // Without the marks of a repartitioned copy: in a wrong partition they would make it a dead letter again.
  const { [REPARTITIONED_HEADER]: _from, [BROKER_TIME_HEADER]: _at, ...headers } = all;
  return { topic, partition, key, value, headers };
}
