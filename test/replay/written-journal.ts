import type { JournalRow } from "../../runtime/core/journal.ts";
import type { Domain } from "../../runtime/core/domain.ts";
import type { Intent } from "../../runtime/core/intent.ts";
import type { Message } from "../../runtime/core/message.ts";
import type { BusRecord } from "../../runtime/ports/event-bus.ts";
import type { InboxItem } from "../../runtime/shell/turns/inbox.ts";
import { Partition } from "../../runtime/shell/partitions/partition.ts";
import { InternedValues } from "../../runtime/shell/turns/interned-values.ts";
import { TurnPlan } from "../../runtime/shell/turns/turn-plan.ts";

/** The journal that the shell writes for these messages, taken in this order in one turn. */
export function journalOf(domain: Domain, messages: readonly Message[], atMs: number): JournalRow[] {
  const start = { number: 0, epoch: 1, nextSeq: 1, publishedSeq: 0, positions: new Map(), entitiesMax: 10 };
  const partition = new Partition(start);
  const loaded = {
    entity: () => undefined,
    seen: () => false,
    cursorsOf: () => partition,
    internedValues: new InternedValues(),
  };
  const plan = new TurnPlan(domain, loaded, atMs);
  for (const message of messages) {
    const asked = plan.intents.find(({ intent }) => intent.id === message.intentId)?.intent;
    const isAlwaysJournaled = domain.consumed.find(({ type }) => type === message.type)?.journal ?? true;
    plan.add({ kind: "step", item: itemOf(partition, message, asked), message, isAlwaysJournaled });
  }
  return plan.journal.map((row) => ({
    partition: row.partition.number,
    seq: row.seq,
    at: new Date(atMs).toISOString(),
    kind: row.kind,
    entity_id: row.entity_id,
    type: row.type,
    message_id: row.message_id,
    correlation_id: row.correlation_id,
    attempt_id: row.attempt_id,
    contract_hash: domain.contractHash,
    body: row.body === null ? null : (JSON.parse(row.body) as unknown),
    topic: row.outgoing?.topic ?? null,
    key: row.outgoing?.key?.toString() ?? null,
    value: row.outgoing?.value?.toString() ?? null,
    headers: null,
  }));
}

function itemOf(partition: Partition, message: Message, asked: Intent | undefined): InboxItem {
  if (message.origin) {
    const record: BusRecord = {
      ...message.origin,
      key: null,
      value: null,
      headers: {},
      brokerTimeMs: message.now,
      receivedAtMs: 0,
    };
    return { kind: "record", partition, record };
  }
  if (asked) return { kind: "settled", partition, intent: asked, note: "done", message };
  const { entityId, correlationId, attemptId = "", now: at } = message;
  const due = { partition, entityId, correlationId, attemptId, name: "", at, renewedAt: null };
  return { kind: "deadline", partition, message, due, firedAtMs: 0 };
}
