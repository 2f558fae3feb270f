import type { Domain } from "../../core/domain.ts";
import type { Entity } from "../../core/entity.ts";
import type { Intent } from "../../core/intent.ts";
import type { Sql } from "../../ports/store.ts";
import { groupBy } from "../group-by.ts";
import type { NewDeadLetterRow } from "./dead-letter.ts";
import { dataText } from "./entity-row.ts";
import { type Column, manyRows } from "./many-rows.ts";
import type { ChangedEntity, NewIntentRow, NewJournalRow, PartitionCursors, TurnPlan } from "./turn-plan.ts";

const ENTITY: readonly Column<ChangedEntity>[] = [
  ["entity_id", "text", ({ after }) => after.id],
  ["partition", "int", ({ partition }) => partition.number],
  ["state", "text", ({ after }) => after.state],
  ["reducer_state", "text", ({ after }) => after.reducerState],
  ["seq", "bigint", ({ after }) => after.seq],
  ["attempt", "json", ({ after }) => JSON.stringify(after.attempt)],
  ["data", "json", ({ after }) => dataText(after)],
  ["deadlines", "json", ({ after }) => JSON.stringify(after.deadlines)],
  ["state_since", "timestamptz", ({ after }) => new Date(after.stateSince)],
];
const updateEntities = (isWritten: (column: string) => boolean) =>
  manyRows<ChangedEntity>(
    2,
    ENTITY.filter(([name]) => isWritten(name)),
    ({ table, assign }) =>
      `update rollcall.entity e set ${assign("r")}, updated_at = $2 from ${table}
        where e.domain = $1 and e.entity_id = r.entity_id`,
  );
const updateDeadlines = updateEntities((column) => column === "entity_id" || column === "deadlines");
const updateAllButData = updateEntities((column) => column !== "partition" && column !== "data");
const upsertEntities = manyRows<ChangedEntity>(
  2,
  ENTITY,
  ({ names, table, assign }) =>
    `insert into rollcall.entity (domain, updated_at, ${names}) select $1, $2::timestamptz, r.* from ${table}
     on conflict (domain, entity_id) do update set ${assign("excluded")}, updated_at = excluded.updated_at`,
);
const insertSeen = manyRows<string>(
  1,
  [["key", "uuid", (key) => key]],
  ({ table }) => `insert into rollcall.seen (key, at) select key, $1::timestamptz from ${table} on conflict do nothing`,
);
const insertJournal = manyRows<NewJournalRow>(
  3,
  [
    ["partition", "int", (row) => row.partition.number],
    ["seq", "bigint", (row) => row.seq],
    ["kind", "text", (row) => row.kind],
    ["entity_id", "text", (row) => row.entity_id],
    ["type", "text", (row) => row.type],
    ["message_id", "uuid", (row) => row.message_id],
    ["correlation_id", "uuid", (row) => row.correlation_id],
    ["attempt_id", "uuid", (row) => row.attempt_id],
    ["body", "json", (row) => row.body],
    ["topic", "text", (row) => row.outgoing?.topic ?? null],
    // PGlite takes bytes as hex, which is twice as long: keys and values that were made from text are sent as text.
    ["key", "bytea", (row) => (row.eventText ? null : (row.outgoing?.key ?? null))],
    ["value", "bytea", (row) => (row.eventText ? null : (row.outgoing?.value ?? null))],
    ["headers", "json", (row) => storedHeaders(row)],
    ["key_text", "text", (row) => row.eventText && row.entity_id],
    ["value_text", "text", (row) => row.eventText?.value ?? null],
  ],
  ({ table }) =>
    `insert into rollcall.journal (domain, contract_hash, at, partition, seq, kind, entity_id, type, message_id,
       correlation_id, attempt_id, body, topic, key, value, headers)
     select $1, $2, $3::timestamptz, partition, seq, kind, entity_id, type, message_id, correlation_id, attempt_id,
       body, topic, coalesce(key, convert_to(key_text, 'UTF8')), coalesce(value, convert_to(value_text, 'UTF8')),
       headers from ${table}`,
);
const insertDeadLetters = manyRows<NewDeadLetterRow>(
  2,
  [
    ["id", "uuid", (row) => row.id],
    ["topic", "text", (row) => row.item.record.topic],
    ["partition", "int", (row) => row.item.record.partition],
    [`"offset"`, "bigint", (row) => row.item.record.offset],
    ["error_code", "text", (row) => row.code],
    ["error", "text", (row) => row.error],
    ["key", "bytea", (row) => row.item.record.key],
    ["value", "bytea", (row) => row.value],
    ["value_bytes", "int", (row) => row.item.record.value?.length ?? 0],
    ["headers", "json", (row) => row.headers],
  ],
  ({ names, table }) =>
    `insert into rollcall.dead_letter (domain, at, ${names}) select $1, $2::timestamptz, r.* from ${table}
     on conflict do nothing`,
);
const deleteIntents = manyRows<{ readonly intent: Intent }>(
  0,
  [["id", "uuid", ({ intent }) => intent.id]],
  () => `delete from rollcall.intent where id = any($1::uuid[])`,
);
const insertIntents = manyRows<NewIntentRow>(
  2,
  [
    ["partition", "int", ({ partition }) => partition.number],
    ["seq", "bigint", ({ seq }) => seq],
    ["id", "uuid", ({ intent }) => intent.id],
    ["entity_id", "text", ({ intent }) => intent.entityId],
    ["attempt_id", "uuid", ({ intent }) => intent.attemptId],
    ["type", "text", ({ intent }) => intent.type],
    ["target", "text", ({ intent }) => intent.target],
    ["version", "bigint", ({ intent }) => intent.version],
    ["correlation_id", "uuid", ({ intent }) => intent.correlationId],
    ["payload", "json", ({ payload }) => payload],
    ["traceparent", "text", ({ intent }) => intent.traceparent ?? null],
  ],
  ({ names, table }) =>
    `insert into rollcall.intent (domain, created_at, ${names}) select $1, $2::timestamptz, r.* from ${table}`,
);
const upsertPositions = manyRows<{ readonly topic: string; readonly partition: number; readonly offset: number }>(
  1,
  [
    ["topic", "text", ({ topic }) => topic],
    ["partition", "int", ({ partition }) => partition],
    ["next_offset", "bigint", ({ offset }) => offset],
  ],
  ({ names, table }) =>
    `insert into rollcall.source_offset (domain, ${names}) select $1, r.* from ${table}
     on conflict (domain, topic, partition) do update set next_offset = excluded.next_offset`,
);
const updateCursors = manyRows<PartitionCursors>(
  2,
  [
    ["partition", "int", ({ partition }) => partition.number],
    ["next_seq", "bigint", ({ nextSeq }) => nextSeq],
    ["published_seq", "bigint", ({ publishedSeq }) => publishedSeq],
  ],
  ({ table, assign }) =>
    `update rollcall.partition_owner o set turn_id = $2, ${assign("r")} from ${table}
      where o.domain = $1 and o.partition = r.partition`,
);

/** Sends all that a turn writes, without awaiting the answers. */
export function sendTurn(tx: Sql, domain: Domain, plan: TurnPlan, turnId: string): Promise<unknown>[] {
  const { name, contractHash } = domain;
  const at = new Date(plan.atMs);
  const entities = groupBy(plan.entities.values(), changedPart);
  const cursors = [...plan.cursors.values()];
  const positions = cursors.flatMap(({ partition, positions: of }) =>
    [...of].map(([topic, offset]) => ({ topic, partition: partition.number, offset })),
  );
  return [
    ...updateDeadlines(tx, entities.get("deadlines"), name, at),
    ...updateAllButData(tx, entities.get("all but data"), name, at),
    ...upsertEntities(tx, entities.get("all"), name, at),
    // A repeat of one of the turn's messages is recognised from now on.
    ...insertSeen(tx, [...plan.seen], at),
    ...insertJournal(tx, plan.journal, name, contractHash, at),
    ...insertDeadLetters(tx, plan.deadLetters, name, at),
    ...deleteIntents(tx, plan.settled),
    ...insertIntents(tx, plan.intents, name, at),
    ...upsertPositions(tx, positions, name),
    ...updateCursors(tx, cursors, name, turnId),
  ];
}

/**
 * What of an entity must be written. Data is the largest column and deadlines change most often, so an entity whose
 * data is the same, or of which only deadlines have moved, is written without the rest.
 */
function changedPart({ before, after }: ChangedEntity): "all" | "all but data" | "deadlines" {
  if (!before || before.data !== after.data) return "all";
  const differs = ([key, value]: [string, unknown]): boolean =>
    key !== "deadlines" && before[key as keyof Entity] !== value;
  return Object.entries(after).some(differs) ? "all but data" : "deadlines";
}

/** An event's headers follow from its value, but for the traceparent. */
function storedHeaders({ eventText, outgoing }: NewJournalRow): string | null {
  if (eventText)
    return eventText.traceparent === undefined ? null : JSON.stringify({ traceparent: eventText.traceparent });
  if (!outgoing) return null;
  const entries = Object.entries(outgoing.headers).map(([name, value]) => [name, value.toString()]);
  return JSON.stringify(Object.fromEntries(entries));
}
