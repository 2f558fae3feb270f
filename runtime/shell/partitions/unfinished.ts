import { type Attempt, attemptRefOf } from "../../core/entity.ts";
import { headersOfEncodedEvent } from "../../core/envelope.ts";
import type { ArmedDeadline } from "../../core/handler.ts";
import type { EventLine, JournalLine } from "../../core/journal.ts";
import type { OutboxEntry } from "../publisher.ts";
import type { ShellContext } from "../shell-context.ts";
import { JournaledIntents, type StoredIntent } from "../../stored/intents.ts";
import { damagedLine } from "../../stored/read-lines.ts";
import { readLines } from "../../stored/turns.ts";
import { decodeBytes } from "../../stored/write-lines.ts";
import type { Partition } from "./partition.ts";

/** So many partitions are read side by side: more would take the store's connections from others. */
export const READERS = 4;

export type Unfinished = Awaited<ReturnType<typeof readUnfinished>>;

/**
 * What the last owner of a partition left: intents that are not finished and messages that are not published, both in
 * the order in which they were decided, and armed deadlines, one entry for each entity. One range of the journal is
 * read, from the first line of which something may be left.
 * @param pendingSeq no intent before this line is open, but for parked ones
 * @param parked those, oldest first
 * @throws Fault JOURNAL_DAMAGED, not retryable: a line of that range can't be read, or is missing
 */
export async function readUnfinished(
  context: ShellContext,
  partition: Partition,
  pendingSeq: number,
  parked: readonly StoredIntent[],
) {
  const { store, domain } = context;
  const { number, publishedSeq, nextSeq } = partition;
  const journaled = new JournaledIntents(
    pendingSeq,
    parked.map(({ seq }) => seq),
  );
  const unpublished: OutboxEntry[] = [];
  const range = { from: Math.min(publishedSeq + 1, pendingSeq), to: nextSeq, readers: READERS };
  for await (const lines of readLines(store, domain.name, number, range))
    for (const line of lines) {
      journaled.add(line);
      if (line.seq > publishedSeq) unpublished.push(...outboxEntriesOf(domain.name, partition, line));
    }
  const open = [...parked, ...journaled.open].sort((a, b) => a.seq - b.seq);
  const intents = open.map((intent) => ({ ...intent, partition }));
  return { intents, unpublished, deadlines: await readDeadlines(context, partition) };
}

async function readDeadlines({ store, domain }: ShellContext, partition: Partition) {
  const rows = await store.query<{ entity_id: string; attempt: string; deadlines: string }>(
    `select entity_id, attempt, deadlines from rollcall.entity
      where domain = $1 and partition = $2 and deadlines is not null`,
    [domain.name, partition.number],
  );
  return rows.map(({ entity_id, attempt, deadlines }) => ({
    owner: { partition, ...attemptRefOf(entity_id, JSON.parse(attempt) as Attempt) },
    armed: JSON.parse(deadlines) as Readonly<Record<string, ArmedDeadline>>,
  }));
}

function outboxEntriesOf(domain: string, partition: Partition, line: JournalLine): OutboxEntry[] {
  const { seq } = line;
  if (line.kind === "event") {
    const { topic } = line;
    return topic === undefined ? [] : [{ partition, seq, ...outgoingEvent(domain, partition, topic, line) }];
  }
  if (line.kind !== "repartitioned" && line.kind !== "dead_letter") return [];
  const { topic, headers } = line;
  const to = line.kind === "repartitioned" ? line.to : partition.number;
  const outgoing = { topic, partition: to, key: decodeBytes(line.key), value: decodeBytes(line.value), headers };
  return [{ partition, seq, outgoing }];
}

function outgoingEvent(
  domain: string,
  partition: Partition,
  topic: string,
  line: JournalLine<EventLine>,
): Pick<OutboxEntry, "outgoing" | "event"> {
  const { entity_id: entityId, type, id, value } = line;
  const key = Buffer.from(entityId);
  const outgoing = {
    topic,
    partition: partition.number,
    key,
    value: Buffer.from(value),
    headers: headersOf(domain, line),
  };
  return { outgoing, event: { id, type, entityId, attemptId: line.attempt_id, correlationId: line.correlation_id } };
}

function headersOf(domain: string, line: JournalLine<EventLine>): Readonly<Record<string, string>> {
  try {
    return headersOfEncodedEvent(line.value, line.traceparent);
  } catch (error) {
    throw damagedLine(domain, line, `has an envelope that can't be read: ${String(error)}`);
  }
}
