import type { JournalRow, EntitySnapshot } from "../../runtime/core/journal.ts";
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
}
interface StoredRowWithEntity extends StoredRow {
  /** The last row of its entity in this page: then the columns below hold the entity. */
  readonly ends: boolean;
  readonly e_state: string | null;
  readonly e_reducer_state: string | null;
  readonly e_seq: number;
  readonly e_attempt: EntitySnapshot["attempt"];
  readonly e_data: unknown;
  readonly e_deadlines: EntitySnapshot["deadlines"];
  readonly e_state_since: Date;
}

const JOURNAL_COLUMNS =
  "at, partition, seq, kind, entity_id, type, message_id, correlation_id, attempt_id, contract_hash, body, " +
  "topic, key, value, headers";

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
  after: JournalPosition | undefined,
  { limit, since }: { readonly limit: number; readonly since?: string | undefined },
): Promise<{ lines: JournalLine[]; next: JournalPosition | undefined }> {
  const isBeforeEntities = after?.[0] !== "entities";
  const rows = isBeforeEntities
    ? await rowsWithoutEntity(sql, domain, after, limit)
    : await rowsOfEntities(sql, domain, after, limit, since);
  const last = rows.length === limit ? rows.at(-1) : undefined;
  const position: JournalPosition | undefined = last && [
    after?.[0] ?? "no entity",
    last.entity_id ?? "",
    last.seq,
    last.partition,
  ];
  return { lines: rows.flatMap(linesOf), next: position ?? (isBeforeEntities ? ["entities", "", 0, 0] : undefined) };
}

const linesOf = (row: StoredRow | StoredRowWithEntity): JournalLine[] =>
  "ends" in row && row.ends && row.e_reducer_state !== null ? [rowLine(row), entityLine(row)] : [rowLine(row)];

const rowsWithoutEntity = (
  sql: Sql,
  domain: string,
  after: JournalPosition | undefined,
  limit: number,
): Promise<StoredRow[]> =>
  sql.query<StoredRow>(
    `select ${JOURNAL_COLUMNS} from rollcall.journal
      where domain = $1 and entity_id is null and (seq, partition) > ($2::bigint, $3::int)
      order by seq, partition limit $4`,
    [domain, after?.[2] ?? 0, after?.[3] ?? 0, limit],
  );

function rowsOfEntities(
  sql: Sql,
  domain: string,
  [, entityId, seq, partition]: JournalPosition,
  limit: number,
  since: string | undefined,
): Promise<StoredRowWithEntity[]> {
  const values: SqlValue[] = [domain, entityId, seq, partition, limit];
  const inWindow =
    since === undefined
      ? ""
      : `and exists (select 1 from rollcall.journal w
      where w.domain = j.domain and w.entity_id = j.entity_id and w.at >= $${values.push(since)}::timestamptz)`;
  return sql.query<StoredRowWithEntity>(
    `with page as (
       select ${JOURNAL_COLUMNS} from rollcall.journal j
        where domain = $1 and (entity_id, seq, partition) > ($2::text, $3::bigint, $4::int) ${inWindow}
        order by entity_id, seq, partition limit $5
     ), ended as (
       select page.*, lead(entity_id) over (order by entity_id, seq, partition) is distinct from entity_id as ends
         from page
     )
     select j.*, e.state as e_state, e.reducer_state as e_reducer_state, e.seq as e_seq, e.attempt as e_attempt,
            e.data as e_data, e.deadlines as e_deadlines, e.state_since as e_state_since
       from ended j left join rollcall.entity e on j.ends and e.domain = $1 and e.entity_id = j.entity_id
      order by j.entity_id, j.seq, j.partition`,
    values,
  );
}

const rowLine = (row: StoredRow): JournalLine => ({
  line: "row",
  partition: row.partition,
  seq: row.seq,
  at: row.at.toISOString(),
  kind: row.kind,
  entity_id: row.entity_id,
  type: row.type,
  message_id: row.message_id,
  correlation_id: row.correlation_id,
  attempt_id: row.attempt_id,
  contract_hash: row.contract_hash,
  body: row.body,
  topic: row.topic,
  key: encodeBytes(row.key),
  value: encodeBytes(row.value),
  headers: row.headers,
});

const entityLine = (row: StoredRowWithEntity): JournalLine => ({
  line: "entity",
  entity_id: row.entity_id ?? "",
  state: row.e_state,
  reducer_state: row.e_reducer_state ?? "",
  seq: row.e_seq,
  attempt: row.e_attempt,
  data: row.e_data,
  deadlines: row.e_deadlines,
  state_since: row.e_state_since.toISOString(),
});
