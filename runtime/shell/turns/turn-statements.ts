import type { Domain } from "../../core/domain.ts";
import type { Entity } from "../../core/entity.ts";
import { purgeAt } from "../../core/retention.ts";
import { utcDayOf } from "../../core/time.ts";
import type { Sql } from "../../ports/store.ts";
import type { Chunk } from "../../stored/write-lines.ts";
import { entityChanges, sendPurges } from "../purges/purge-statements.ts";
import { sendProjected } from "../projections/projected-turn.ts";
import type { NewDeadLetterRow } from "./dead-letter.ts";
import { type Column, manyRows } from "./many-rows.ts";
import type { ChangedEntity } from "./changed-entity.ts";
import type { PartitionCursors, SettledIntent, TurnPlan } from "./turn-plan.ts";

const KEY: readonly Column<ChangedEntity>[] = [
  ["partition", "int", ({ partition }) => partition.number],
  ["entity_id", "text", ({ after }) => after.entity.id],
];
const HOT: readonly Column<ChangedEntity>[] = [
  ["state", "text", ({ after }) => after.entity.state],
  ["reducer_state", "text", ({ after }) => after.entity.reducerState],
  ["state_since", "timestamptz", ({ after }) => new Date(after.entity.stateSince)],
  ["seq", "bigint", ({ after }) => after.entity.seq],
  ["published_seq", "bigint", ({ after }) => after.entity.publishedSeq],
  ["attempt", "text", ({ after }) => JSON.stringify(after.entity.attempt)],
  ["deadlines", "text", ({ after }) => deadlinesText(after.entity)],
  ["last_line", "bigint", ({ after }) => after.lastLine],
  ["last_line_at", "timestamptz", ({ after }) => new Date(after.lastLineMs)],
  ["last_seen", "timestamptz", ({ after }) => (after.lastSeenMs === null ? null : new Date(after.lastSeenMs))],
];
const DATA: readonly Column<ChangedEntity>[] = [["data", "json", ({ after }) => JSON.stringify(after.entity.data)]];
/** @param columns behind those of the key */
const hotStatements = (columns: readonly Column<ChangedEntity>[]) => ({
  update: manyRows<ChangedEntity>(
    2,
    [...KEY, ...columns],
    ({ found, assign }) =>
      `update rollcall.entity e set ${assign("r", KEY.length)}, updated_at = $2
         from ${found("rollcall.entity")} where e.ctid = found.place`,
  ),
  insert: manyRows<ChangedEntity>(
    2,
    [...KEY, ...columns],
    ({ names, table }) =>
      `insert into rollcall.entity (domain, updated_at, ${names}) select $1, $2::timestamptz, r.* from ${table}`,
  ),
});
const hotRows = hotStatements(HOT);
/** Only domains that purge entities write when each may be. */
const hotRowsWithPurgeAt = new WeakMap<Domain, typeof hotRows>();

function hotRowsOf(domain: Domain): typeof hotRows {
  if (domain.tombstoneMs === undefined) return hotRows;
  const known = hotRowsWithPurgeAt.get(domain);
  if (known) return known;
  const purgeAtOf = ({ after: { entity } }: ChangedEntity): Date | null => {
    const at = purgeAt(domain, entity.state, entity.stateSince);
    return at === null ? null : new Date(at);
  };
  const made = hotStatements([...HOT, ["purge_at", "timestamptz", purgeAtOf]]);
  hotRowsWithPurgeAt.set(domain, made);
  return made;
}

const updateData = manyRows<ChangedEntity>(
  1,
  [...KEY, ...DATA],
  ({ found, assign }) =>
    `update rollcall.entity_data d set ${assign("r", KEY.length)}
       from ${found("rollcall.entity_data")} where d.ctid = found.place`,
);
const insertData = manyRows<ChangedEntity>(
  1,
  [...KEY, ...DATA],
  ({ names, table }) => `insert into rollcall.entity_data (domain, ${names}) select $1, r.* from ${table}`,
);
export const insertSeen = manyRows<string>(
  1,
  [["key", "uuid", (key) => key]],
  ({ table }) => `insert into rollcall.seen (day, key) select $1::date, key from ${table} on conflict do nothing`,
);
const insertTurns = manyRows<Chunk & { readonly partition: number }>(
  3,
  [
    ["partition", "int", ({ partition }) => partition],
    ["seq", "bigint", ({ seq }) => seq],
    ["last_seq", "bigint", ({ lastSeq }) => lastSeq],
    ["lines", "text", ({ lines }) => lines],
  ],
  ({ names, table }) =>
    `insert into rollcall.turn (domain, contract_hash, at, ${names}) select $1, $2, $3::timestamptz, r.* from ${table}`,
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
    ["door", "json", (row) => row.door],
  ],
  ({ names, table }) =>
    `insert into rollcall.dead_letter (domain, at, ${names}) select $1, $2::timestamptz, r.* from ${table}
     on conflict do nothing`,
);
const INTENT: readonly Column<TurnPlan["parked"][number]>[] = [
  ["partition", "int", ({ partition }) => partition.number],
  ["seq", "bigint", ({ seq }) => seq],
  ["id", "uuid", ({ intent }) => intent.id],
  ["entity_id", "text", ({ intent }) => intent.entityId],
  ["attempt_id", "uuid", ({ intent }) => intent.attemptId],
  ["type", "text", ({ intent }) => intent.type],
  ["target", "text", ({ intent }) => intent.target],
  ["version", "bigint", ({ intent }) => intent.version],
  ["correlation_id", "uuid", ({ intent }) => intent.correlationId],
  ["payload", "json", ({ intent }) => JSON.stringify(intent.payload)],
  ["traceparent", "text", ({ intent }) => intent.traceparent ?? null],
  ["asked_at", "timestamptz", ({ askedAtMs }) => new Date(askedAtMs)],
  ["failed_tries", "int", ({ failedTries }) => failedTries],
  ["tries", "json", ({ tries }) => JSON.stringify(tries)],
  ["not_yet_since", "timestamptz", ({ notYet }) => (notYet ? new Date(notYet.sinceMs) : null)],
  ["not_yet_note", "text", ({ notYet }) => notYet?.note ?? null],
];
const upsertIntents = manyRows(
  1,
  INTENT,
  ({ names, table }) =>
    `insert into rollcall.intent (domain, ${names}) select $1, r.* from ${table}
     on conflict (domain, partition, seq) do update
       set failed_tries = excluded.failed_tries, tries = excluded.tries, not_yet_since = excluded.not_yet_since,
         not_yet_note = excluded.not_yet_note`,
);
const deleteIntents = manyRows<SettledIntent>(
  1,
  [
    ["partition", "int", ({ partition }) => partition.number],
    ["seq", "bigint", ({ seq }) => seq],
  ],
  ({ found }) => `delete from rollcall.intent i using ${found("rollcall.intent")} where i.ctid = found.place`,
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
    ["pending_seq", "bigint", ({ pendingSeq }) => pendingSeq],
  ],
  ({ table, assign }) =>
    `update rollcall.partition_owner o set turn_id = $2, ${assign("r", 1)} from ${table}
      where o.domain = $1 and o.partition = r.partition`,
);

/** Sends all that a turn writes, without awaiting the answers. */
export function sendTurn(tx: Sql, domain: Domain, plan: TurnPlan, turnId: string): Promise<unknown>[] {
  const { name, contractHash } = domain;
  const at = new Date(plan.atMs);
  const changes = entityChanges(plan.entities.values());
  const { updated, created } = changes;
  const described = updated.filter(({ before, after }) => before?.entity.data !== after.entity.data);
  const hot = hotRowsOf(domain);
  const turns = [...plan.lines].flatMap(([{ number: partition }, { chunks }]) =>
    chunks.map((chunk) => ({ partition, ...chunk })),
  );
  const cursors = [...plan.cursors.values()];
  const positions = cursors.flatMap(({ partition, positions: of }) =>
    [...of].map(([topic, offset]) => ({ topic, partition: partition.number, offset })),
  );
  return [
    ...hot.update(tx, updated, name, at),
    ...updateData(tx, described, name),
    ...hot.insert(tx, created, name, at),
    ...insertData(tx, created, name),
    ...sendPurges(tx, domain, changes, plan.atMs),
    ...(plan.projected ? sendProjected(tx, domain, plan.projected, plan.atMs) : []),
    // A repeat of one of the turn's messages is recognised from now on.
    ...insertSeen(tx, [...plan.seen], utcDayOf(plan.atMs)),
    ...insertTurns(tx, turns, name, contractHash, at),
    ...insertDeadLetters(tx, plan.deadLetters, name, at),
    ...upsertIntents(tx, plan.parked, name),
    // Behind the insertion: one may be parked and end in the same turn.
    ...deleteIntents(
      tx,
      plan.settled.filter(({ isParked }) => isParked),
      name,
    ),
    ...upsertPositions(tx, positions, name),
    ...updateCursors(tx, cursors, name, turnId),
  ];
}

const deadlinesText = ({ deadlines }: Entity): string | null => {
  const text = JSON.stringify(deadlines);
  return text === "{}" ? null : text;
};
