import { type Attempt, type AttemptRef, attemptRefOf } from "../../core/entity.ts";
import { headersOfEncodedEvent } from "../../core/envelope.ts";
import type { ArmedDeadline } from "../../core/handler.ts";
import type { Intent } from "../../core/intent.ts";
import type { Payload } from "../../core/message.ts";
import { partitionOf } from "../../core/murmur2.ts";
import type { Sql } from "../../ports/store.ts";
import { groupBy } from "../group-by.ts";
import type { OutboxEntry } from "../publisher.ts";

type ByPartition<Value> = ReadonlyMap<number, readonly Value[]>;

export interface StoredDeadlines {
  readonly owner: AttemptRef;
  readonly deadlines: Readonly<Record<string, ArmedDeadline>>;
}
export type StoredOutboxEntry = Omit<OutboxEntry, "partition">;

interface IntentRow {
  readonly partition: number;
  readonly id: string;
  readonly entity_id: string;
  readonly attempt_id: string;
  readonly type: string;
  readonly target: string;
  readonly version: number;
  readonly correlation_id: string;
  readonly payload: Payload;
  readonly traceparent: string | null;
}
interface OutboxRow {
  readonly partition: number;
  readonly seq: number;
  readonly kind: string;
  readonly type: string;
  readonly message_id: string;
  readonly entity_id: string | null;
  readonly attempt_id: string;
  readonly correlation_id: string;
  readonly topic: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, string>> | null;
}

/** The next offset of each topic, by partition. */
export async function readPositions(
  sql: Sql,
  domain: string,
  partitions: readonly number[],
): Promise<ReadonlyMap<number, ReadonlyMap<string, number>>> {
  const rows = await sql.query<{ topic: string; partition: number; next_offset: number }>(
    `select topic, partition, next_offset from rollcall.source_offset where domain = $1 and partition = any($2::int[])`,
    [domain, partitions],
  );
  const groups = [...groupBy(rows, ({ partition }) => partition)];
  return new Map(groups.map(([partition, of]) => [partition, new Map(of.map((row) => [row.topic, row.next_offset]))]));
}

/** Intents that are not finished, in the order in which they were decided. */
export async function readIntents(
  sql: Sql,
  domain: string,
  partitions: readonly number[],
): Promise<ByPartition<Intent>> {
  const rows = await sql.query<IntentRow>(
    `select partition, id, entity_id, attempt_id, type, target, version, correlation_id, payload, traceparent
       from rollcall.intent where domain = $1 and partition = any($2::int[]) order by partition, seq`,
    [domain, partitions],
  );
  return mapGroups(rows, (row) => ({
    id: row.id,
    entityId: row.entity_id,
    attemptId: row.attempt_id,
    type: row.type,
    target: row.target,
    version: row.version,
    correlationId: row.correlation_id,
    payload: row.payload,
    ...(row.traceparent !== null && { traceparent: row.traceparent }),
  }));
}

/** Armed deadlines, one entry for each entity. */
export async function readDeadlines(
  sql: Sql,
  domain: string,
  partitions: readonly number[],
): Promise<ByPartition<StoredDeadlines>> {
  const rows = await sql.query<{
    partition: number;
    entity_id: string;
    attempt: Attempt;
    deadlines: Record<string, ArmedDeadline>;
  }>(
    `select partition, entity_id, attempt, deadlines from rollcall.entity
      where domain = $1 and partition = any($2::int[]) and deadlines::text <> '{}'`,
    [domain, partitions],
  );
  return mapGroups(rows, ({ entity_id, attempt, deadlines }) => ({
    owner: attemptRefOf(entity_id, attempt),
    deadlines,
  }));
}

/**
 * Journaled messages that are not published yet, in order.
 * @param partitionCount over all processes
 */
export async function readOutbox(
  sql: Sql,
  domain: string,
  owned: readonly { readonly partition: number; readonly published_seq: number }[],
  partitionCount: number,
): Promise<ByPartition<StoredOutboxEntry>> {
  const rows = await sql.query<OutboxRow>(
    `select j.partition, j.seq, j.kind, j.type, j.message_id, j.entity_id, j.attempt_id, j.correlation_id, j.topic,
            j.key, j.value, j.headers
       from rollcall.journal j
       join unnest($2::int[], $3::bigint[]) as c(partition, published_seq) on c.partition = j.partition
      where j.domain = $1 and j.seq > c.published_seq and j.topic is not null order by j.partition, j.seq`,
    [domain, owned.map((row) => row.partition), owned.map((row) => row.published_seq)],
  );
  return mapGroups(rows, (row) => outboxEntryOf(row, partitionCount));
}

function outboxEntryOf(row: OutboxRow, partitionCount: number): StoredOutboxEntry {
  const { seq, kind, topic, key, value, entity_id, headers } = row;
  const partition =
    kind === "repartitioned" && entity_id !== null ? partitionOf(entity_id, partitionCount) : row.partition;
  if (kind !== "event") return { seq, outgoing: { topic, partition, key, value, headers: headers ?? {} } };
  return {
    seq,
    outgoing: {
      topic,
      partition,
      key,
      value,
      headers: headersOfEncodedEvent(value?.toString() ?? "{}", headers?.["traceparent"]),
    },
    event: {
      id: row.message_id,
      type: row.type,
      entityId: entity_id ?? "",
      attemptId: row.attempt_id,
      correlationId: row.correlation_id,
    },
  };
}

function mapGroups<Row extends { readonly partition: number }, Value>(
  rows: readonly Row[],
  valueOf: (row: Row) => Value,
): ByPartition<Value> {
  const groups = groupBy(rows, ({ partition }) => partition);
  return new Map([...groups].map(([partition, of]) => [partition, of.map(valueOf)]));
}
