import { VALUE_BYTES_MAX } from "../../../runtime/core/incoming-json.ts";
import type { EventBus, OutgoingMessage } from "../../../runtime/ports/event-bus.ts";
import type { Sql, SqlValue } from "../../../runtime/ports/store.ts";
import { BROKER_TIME_HEADER, REPARTITIONED_HEADER } from "../../../runtime/shell/turns/read-items.ts";
import { type DeadLetterFilter, DETAIL_COLUMNS, type DeadLetterDetailRow } from "./dead-letter-queries.ts";

const PUBLISH_MS = 10_000;
/** In one request, which would not end otherwise: messages that fail again become new dead letters. */
const RETRIES_MAX = 500;
const PAGE_ROWS = 50;
/** Small batches: after a failure few messages are published again that are not marked as retried yet. */
const BATCH_BYTES = 400 * 1024;

/** Publishes the messages to their topics again, byte for byte. */
export async function retryDeadLetters(
  bus: Pick<EventBus, "publish">,
  sql: Sql,
  rows: readonly DeadLetterDetailRow[],
): Promise<void> {
  for (const batch of batchesOf(rows)) {
    await bus.publish(batch.map(outgoingOf), { timeoutMs: PUBLISH_MS });
    await sql.query(`update rollcall.dead_letter set retried_at = now() where id = any($1::uuid[])`, [
      batch.map(({ id }) => id),
    ]);
  }
}

/** Retries the oldest that match, are complete and were not retried yet. `left`: how many of those remain. */
export async function retryMatching(
  bus: Pick<EventBus, "publish">,
  sql: Sql,
  domain: string,
  filter: Pick<DeadLetterFilter, "code" | "topic">,
): Promise<{ readonly retried: number; readonly left: number }> {
  const values: SqlValue[] = [domain, VALUE_BYTES_MAX, filter.code ?? null, filter.topic ?? null];
  const selection = `rollcall.dead_letter where domain = $1 and value_bytes <= $2 and retried_at is null
    and ($3::text is null or error_code = $3) and ($4::text is null or topic = $4)`;
  let retried = 0;
  while (retried < RETRIES_MAX) {
    const rows = await sql.query<DeadLetterDetailRow>(
      `select ${DETAIL_COLUMNS} from ${selection} order by at, id limit ${PAGE_ROWS}`,
      values,
    );
    await retryDeadLetters(bus, sql, rows);
    retried += rows.length;
    if (rows.length < PAGE_ROWS) break;
  }
  const [count] = await sql.query<{ left: number }>(`select count(*)::int as left from ${selection}`, values);
  return { retried, left: count?.left ?? 0 };
}

function outgoingOf({ topic, partition, key, value, headers: all }: DeadLetterDetailRow): OutgoingMessage {
  // Without the marks of a repartitioned copy: in a wrong partition they would make it a dead letter again.
  const { [REPARTITIONED_HEADER]: _from, [BROKER_TIME_HEADER]: _at, ...headers } = all;
  return { topic, partition, key, value, headers };
}

function batchesOf(rows: readonly DeadLetterDetailRow[]): DeadLetterDetailRow[][] {
  const batches: DeadLetterDetailRow[][] = [];
  let bytes = Infinity;
  for (const row of rows) {
    if (bytes + row.value_bytes > BATCH_BYTES) {
      batches.push([]);
      bytes = 0;
    }
    batches.at(-1)?.push(row);
    bytes += row.value_bytes;
  }
  return batches;
}
