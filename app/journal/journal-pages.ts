import type { EntitySnapshot, JournalRow } from "../../runtime/core/journal.ts";
import type { Sql, SqlValue } from "../../runtime/ports/store.ts";
import type { Config } from "../host/config.ts";
import { encodeBytes, type JournalLine } from "./journal-line.ts";

/** The last row that was read. Rows without an entity come first. */
export type JournalPosition = readonly [
  among: "no entity" | "entities",
  entityId: string,
  seq: number,
  partition: number,
];

interface StoredRow extends Omit<JournalRow, "at" | "key" | "value"> {
  readonly at: Date;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  /** Whether it is the last row of its entity in this page. */
  readonly ends: boolean;
  /** With the last row, unless the entity is gone; `state_since` as Postgres writes it. */
  readonly entity: EntitySnapshot | null;
}

/** In the order of a line's keys, as are the entity's. */
const JOURNAL_COLUMNS =
  "partition, seq, at, kind, entity_id, type, message_id, correlation_id, attempt_id, contract_hash, body, " +
  "topic, key, value, headers";
const ENTITY_COLUMNS = "entity_id, state, reducer_state, seq, attempt, data, deadlines, state_since";

/** The first lines of a journal: its head, and all contracts that ran. */
export async function readJournalHead(
  sql: Sql,
  domain: string,
  { ROLLCALL_ENV: env, ROLLCALL_NAMESPACE: namespace }: Pick<Config, "ROLLCALL_ENV" | "ROLLCALL_NAMESPACE">,
): Promise<JournalLine[]> {
  const contracts = await sql.query<{ hash: string; files: Record<string, string> }>(
    `select hash, files from rollcall.contract_set where domain = $1 order by first_run_at, hash`,
    [domain],
  );
  const [time] = await sql.query<{ now: Date }>(`select now() as now`);
  const read_at = (time?.now ?? new Date()).toISOString();
  return [
    { line: "journal", format: 1, domain, env, namespace, read_at },
    ...contracts.map(({ hash, files }) => ({ line: "contract" as const, hash, files })),
  ];
}

/**
 * A page of the journal, entity by entity and in order within each, and where the next one begins. One statement reads
 * it, so that an entity's line is its state after its last row.
 * @param since only entities with a row at or after this time (RFC 3339), but with all of their rows
 */
export async function readJournalPage(
  sql: Sql,
  domain: string,
  [among, entityId, seq, partition]: JournalPosition = ["no entity", "", 0, 0],
  { limit, since }: { readonly limit: number; readonly since?: string | undefined },
): Promise<{ lines: JournalLine[]; next: JournalPosition | undefined }> {
  const values: SqlValue[] = [domain, limit, seq, partition];
  const bind = (value: string): string => `$${values.push(value)}`;
  const conditions =
    among === "no entity"
      ? ["entity_id is null and (seq, partition) > ($3::bigint, $4::int)"]
      : [`(entity_id, seq, partition) > (${bind(entityId)}::text, $3::bigint, $4::int)`];
  if (among === "entities" && since !== undefined)
    conditions.push(
      `exists (select 1 from rollcall.journal w
        where w.domain = j.domain and w.entity_id = j.entity_id and w.at >= ${bind(since)}::timestamptz)`,
    );
  const rows = await sql.query<StoredRow>(
    `with page as (
       select ${JOURNAL_COLUMNS} from rollcall.journal j
        where domain = $1 and ${conditions.join(" and ")} order by entity_id, seq, partition limit $2
     ), ended as (
       select page.*, lead(entity_id) over (order by entity_id, seq, partition) is distinct from entity_id as ends
         from page
     )
     select j.*, to_json(e) as entity
       from ended j left join lateral (
         select ${ENTITY_COLUMNS} from rollcall.entity where j.ends and domain = $1 and entity_id = j.entity_id
       ) e on true
      order by j.entity_id, j.seq, j.partition`,
    values,
  );
  const last = rows.length === limit ? rows.at(-1) : undefined;
  const afterLast = last && ([among, last.entity_id ?? "", last.seq, last.partition] as const);
  return {
    lines: rows.flatMap(linesOf),
    next: afterLast ?? (among === "no entity" ? ["entities", "", 0, 0] : undefined),
  };
}

function linesOf({ ends: _, entity, ...row }: StoredRow): JournalLine[] {
  const at = row.at.toISOString();
  const rowLine = { line: "row" as const, ...row, at, key: encodeBytes(row.key), value: encodeBytes(row.value) };
  if (!entity) return [rowLine];
  return [rowLine, { line: "entity", ...entity, state_since: new Date(entity.state_since).toISOString() }];
}
