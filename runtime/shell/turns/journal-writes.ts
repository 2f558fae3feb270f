import type { Domain } from "../../core/domain.ts";
import type { Sql } from "../../ports/store.ts";
import { multiRow } from "./multi-row.ts";
import type { TurnPlan } from "./turn-plan.ts";
import type { NewDeadLetterRow, NewIntentRow, NewJournalRow } from "./turn-rows.ts";

// PGlite takes bytes as hex, which is twice as long: keys and values that were made from text are sent as text.
const JOURNAL = multiRow<NewJournalRow>(4, [
  ["partition", "int", (row) => row.partition.number],
  ["seq", "bigint", (row) => row.seq],
  ["kind", "text", (row) => row.kind],
  ["entity_id", "text", (row) => row.entityId],
  ["type", "text", (row) => row.type],
  ["message_id", "uuid", (row) => row.messageId],
  ["correlation_id", "uuid", (row) => row.correlationId],
  ["attempt_id", "uuid", (row) => row.attemptId],
  ["body", "json", (row) => row.body],
  ["topic", "text", (row) => row.outgoing?.topic ?? null],
  ["key", "bytea", (row) => (row.eventText ? null : (row.outgoing?.key ?? null))],
  ["value", "bytea", (row) => (row.eventText ? null : (row.outgoing?.value ?? null))],
  ["headers", "json", (row) => storedHeaders(row)],
  ["key_text", "text", (row) => row.eventText?.key ?? null],
  ["value_text", "text", (row) => row.eventText?.value ?? null],
]);
const DEAD_LETTERS = multiRow<NewDeadLetterRow>(3, [
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
]);
const INTENTS = multiRow<NewIntentRow>(3, [
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
]);

export function* journalStatements(tx: Sql, domain: Domain, plan: TurnPlan): Iterable<Promise<unknown>> {
  const at = new Date(plan.atMs);
  if (plan.journal.length > 0)
    yield tx.query(
      `insert into rollcall.journal (domain, contract_hash, at, partition, seq, kind, entity_id, type, message_id,
         correlation_id, attempt_id, body, topic, key, value, headers)
       select $1, $2, $3::timestamptz, partition, seq, kind, entity_id, type, message_id, correlation_id, attempt_id,
         body, topic, coalesce(key, convert_to(key_text, 'UTF8')), coalesce(value, convert_to(value_text, 'UTF8')),
         headers from ${JOURNAL.table}`,
      [domain.name, domain.contractHash, at, ...JOURNAL.parameters(plan.journal)],
    );
  if (plan.deadLetters.length > 0)
    yield tx.query(
      `insert into rollcall.dead_letter (domain, at, ${DEAD_LETTERS.names})
       select $1, $2::timestamptz, r.* from ${DEAD_LETTERS.table} on conflict do nothing`,
      [domain.name, at, ...DEAD_LETTERS.parameters(plan.deadLetters)],
    );
}

export function* intentStatements(tx: Sql, domain: Domain, plan: TurnPlan): Iterable<Promise<unknown>> {
  if (plan.settled.length > 0)
    yield tx.query(`delete from rollcall.intent where id = any($1::uuid[])`, [
      plan.settled.map(({ intent }) => intent.id),
    ]);
  if (plan.intents.length > 0)
    yield tx.query(
      `insert into rollcall.intent (domain, created_at, ${INTENTS.names})
       select $1, $2::timestamptz, r.* from ${INTENTS.table}`,
      [domain.name, new Date(plan.atMs), ...INTENTS.parameters(plan.intents)],
    );
}

/** An event's headers follow from its value, but for the traceparent. */
function storedHeaders({ eventText, outgoing }: NewJournalRow): string | null {
  if (eventText)
    return eventText.traceparent === undefined ? null : JSON.stringify({ traceparent: eventText.traceparent });
  if (!outgoing) return null;
  const entries = Object.entries(outgoing.headers).map(([name, value]) => [name, value.toString()]);
  return JSON.stringify(Object.fromEntries(entries));
}
