import type { EntitySnapshot, JournalLine } from "../../runtime/core/journal.ts";
import type { Domain } from "../../runtime/core/domain.ts";
import type { Intent } from "../../runtime/core/intent.ts";
import type { Message } from "../../runtime/core/message.ts";
import { toRfc3339 } from "../../runtime/core/time.ts";
import type { BusRecord } from "../../runtime/ports/event-bus.ts";
import type { EntityRecord } from "../../runtime/stored/entities.ts";
import type { InboxItem } from "../../runtime/shell/turns/inbox.ts";
import { Partition } from "../../runtime/shell/partitions/partition.ts";
import { InternedValues } from "../../runtime/shell/turns/interned-values.ts";
import type { WorkItem } from "../../runtime/shell/turns/read-items.ts";
import { TurnPlan } from "../../runtime/shell/turns/turn-plan.ts";
import type { OpenIntent } from "../../runtime/stored/intents.ts";
import { linesOf } from "../../runtime/stored/read-lines.ts";

/** What a turn takes: messages, and intents that end without an outcome. */
export interface WrittenTurn {
  readonly atMs: number;
  readonly items: readonly (Message | { readonly ended: Intent })[];
}

/** The journal that the shell writes in these turns, and the stored rows of its entities. As they are read. */
export function journalOf(
  domain: Domain,
  turns: readonly WrittenTurn[],
): { readonly lines: JournalLine[]; readonly stored: EntitySnapshot[] } {
  const start = { number: 0, epoch: 1, nextSeq: 1, publishedSeq: 0, positions: new Map(), entitiesMax: 10 };
  const partition = new Partition(start);
  const entities = new Map<string, EntityRecord>();
  const internedValues = new InternedValues();
  const openIntents = (_: Partition, id: string): readonly Intent[] =>
    [...partition.journaledIntents.values()].flatMap(({ intent }) => (intent.entityId === id ? [intent] : []));
  const lines = turns.flatMap(({ atMs, items }) => {
    const entity = (id: string) => entities.get(id);
    const loaded = { entity, openIntents, seen: () => false, cursorsOf: () => partition, internedValues };
    const plan = new TurnPlan(domain, loaded, atMs);
    for (const item of items) plan.add(workOf(domain, partition, plan, item));
    partition.nextSeq = plan.cursorsOf(partition).nextSeq;
    for (const [id, { after }] of plan.entities) entities.set(id, after);
    for (const open of plan.intents) partition.journaledIntents.set(open.intent.id, open);
    for (const { intent } of plan.settled) partition.closeIntent(intent);
    return linesIn(domain, plan, partition);
  });
  return { lines, stored: [...entities.values()].map(snapshotOf) };
}

const linesIn = ({ name, contractHash }: Domain, plan: TurnPlan, partition: Partition): JournalLine[] =>
  (plan.lines.get(partition)?.chunks ?? []).flatMap(({ seq, lastSeq, lines }) =>
    linesOf(name, {
      partition: 0,
      seq,
      last_seq: lastSeq,
      at: new Date(plan.atMs),
      contract_hash: contractHash,
      lines,
    }),
  );

function snapshotOf({ entity, lastLine }: EntityRecord): EntitySnapshot {
  const { id: entity_id, state, reducerState, seq, attempt, data, deadlines, stateSince } = entity;
  const row = { partition: 0, entity_id, state, reducer_state: reducerState, seq, attempt, data, deadlines };
  return JSON.parse(
    JSON.stringify({ ...row, state_since: toRfc3339(stateSince), last_line: lastLine }),
  ) as EntitySnapshot;
}

function workOf(domain: Domain, partition: Partition, plan: TurnPlan, item: WrittenTurn["items"][number]): WorkItem {
  const openOf = (id: string | undefined): OpenIntent | undefined =>
    plan.intents.find(({ intent }) => intent.id === id) ?? partition.journaledIntents.get(id ?? "");
  if ("ended" in item) {
    const { intent, seq } = openOf(item.ended.id) ?? { intent: item.ended, seq: 0 };
    return { kind: "bookkeeping", item: { kind: "settled", partition, seq, intent, note: "done", isParked: false } };
  }
  const isAlwaysJournaled = domain.consumed.find(({ type }) => type === item.type)?.journal ?? true;
  const asked = openOf(item.intentId);
  return { kind: "step", item: itemOf(partition, item, asked), message: item, isAlwaysJournaled };
}

function itemOf(partition: Partition, message: Message, asked: OpenIntent | undefined): InboxItem {
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
  if (asked) {
    const { intent, seq } = asked;
    return { kind: "settled", partition, seq, intent, note: "done", isParked: false, message };
  }
  const { entityId, correlationId, attemptId = "", now: at } = message;
  const due = { partition, entityId, correlationId, attemptId, name: "", at, renewedAt: null };
  return { kind: "deadline", partition, message, due, firedAtMs: 0 };
}
