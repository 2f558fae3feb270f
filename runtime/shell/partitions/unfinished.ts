import { type Attempt, attemptRefOf } from "../../core/entity.ts";
import { headersOfEncodedEvent } from "../../core/envelope.ts";
import type { ArmedDeadline } from "../../core/handler.ts";
import type { Intent } from "../../core/intent.ts";
import { partitionOf } from "../../core/murmur2.ts";
import type { OutgoingMessage } from "../../ports/event-bus.ts";
import type { OutboxEntry, EventIdentity } from "../publisher.ts";
import type { ShellContext } from "../shell-context.ts";
import type { Partition } from "./partition.ts";

interface StoredIntent extends Omit<Intent, "traceparent"> {
  readonly partition: number;
  readonly traceparent: string | null;
}
interface StoredDeadlines {
  readonly partition: number;
  readonly entity_id: string;
  readonly attempt: Attempt;
  readonly deadlines: Readonly<Record<string, ArmedDeadline>>;
}
interface StoredOutgoing extends Pick<OutgoingMessage, "topic" | "key" | "value">, EventIdentity {
  readonly partition: number;
  readonly seq: number;
  readonly kind: string;
  readonly headers: Readonly<Record<string, string>> | null;
}

/**
 * What the last owner of these partitions left: intents that are not finished and messages that are not published, both
 * in the order in which they were decided, and armed deadlines, one entry for each entity.
 */
export async function readUnfinished(context: ShellContext, partitions: readonly Partition[]) {
  const { store, domain, partitionCount } = context;
  const numbers = partitions.map(({ number }) => number);
  const intents = await store.query<StoredIntent>(
    `select partition, id, entity_id as "entityId", attempt_id as "attemptId", type, target, version,
            correlation_id as "correlationId", payload, traceparent
       from rollcall.intent where domain = $1 and partition = any($2::int[]) order by partition, seq`,
    [domain.name, numbers],
  );
  const deadlines = await store.query<StoredDeadlines>(
    `select partition, entity_id, attempt, deadlines from rollcall.entity
      where domain = $1 and partition = any($2::int[]) and deadlines::text <> '{}'`,
    [domain.name, numbers],
  );
  const outbox = await store.query<StoredOutgoing>(
    `select j.partition, j.seq, j.kind, j.type, j.message_id as id, j.entity_id as "entityId",
            j.attempt_id as "attemptId", j.correlation_id as "correlationId", j.topic, j.key, j.value, j.headers
       from rollcall.journal j
       join unnest($2::int[], $3::bigint[]) as c(partition, published_seq) on c.partition = j.partition
      where j.domain = $1 and j.seq > c.published_seq and j.topic is not null order by j.partition, j.seq`,
    [domain.name, numbers, partitions.map(({ publishedSeq }) => publishedSeq)],
  );
  const byNumber = new Map(partitions.map((partition) => [partition.number, partition]));
  return {
    intents: withPartitions(byNumber, intents).map(({ partition, traceparent, ...intent }) => ({
      partition,
      intent: { ...intent, ...(traceparent !== null && { traceparent }) },
    })),
    deadlines: withPartitions(byNumber, deadlines).map(({ partition, entity_id, attempt, deadlines: armed }) => ({
      owner: { partition, ...attemptRefOf(entity_id, attempt) },
      armed,
    })),
    unpublished: withPartitions(byNumber, outbox).map((row) => outboxEntryOf(row, partitionCount)),
  };
}

const withPartitions = <Row extends { readonly partition: number }>(
  partitions: ReadonlyMap<number, Partition>,
  rows: readonly Row[],
) =>
  rows.flatMap(({ partition: number, ...row }) => {
    const partition = partitions.get(number);
    return partition ? [{ ...row, partition }] : [];
  });

/** @param partitionCount over all processes */
function outboxEntryOf(
  row: Omit<StoredOutgoing, "partition"> & { readonly partition: Partition },
  partitionCount: number,
): OutboxEntry {
  const { partition, seq, kind, topic, key, value, headers, ...event } = row;
  const to = kind === "repartitioned" ? partitionOf(event.entityId, partitionCount) : partition.number;
  const outgoing = { topic, partition: to, key, value };
  if (kind !== "event") return { partition, seq, outgoing: { ...outgoing, headers: headers ?? {} } };
  const eventHeaders = headersOfEncodedEvent(value?.toString() ?? "{}", headers?.["traceparent"]);
  return { partition, seq, outgoing: { ...outgoing, headers: eventHeaders }, event };
}
