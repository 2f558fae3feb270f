import type { Entity } from "../core/entity.ts";
import type { Sql, SqlValue } from "../ports/store.ts";
import { msOf } from "./ms-of.ts";
import { type NameChoice, type NameInUse, namesInUse } from "./names-in-use.ts";

/** An entity, and what its row has besides. Immutable. */
export interface EntityRecord {
  readonly entity: Entity;
  /** Place of its last line in the journal; 0: it has none. */
  readonly lastLine: number;
  /** Broker time of that line, ms since the epoch. */
  readonly lastLineMs: number;
  /** Event time of the last message from outside that left a line or moved a deadline, ms; null: none yet. */
  readonly lastSeenMs: number | null;
}

/** An entity, when it was last stored, and when it was last heard of. */
export type StoredEntity = Entity & { readonly updatedAt: Date } & Pick<EntityRecord, "lastSeenMs">;

interface EntityRow extends Omit<Entity, "attempt" | "deadlines"> {
  readonly attempt: string;
  readonly deadlines: string | null;
}
type RecordRow = EntityRow & Omit<EntityRecord, "entity">;
type StoredRow = EntityRow & Pick<StoredEntity, "updatedAt" | "lastSeenMs">;

/** Of `entity e` and `entity_data d`. */
const ENTITY_COLUMNS =
  'e.entity_id as id, e.state, e.reducer_state as "reducerState", e.seq, e.published_seq as "publishedSeq", ' +
  "e.attempt, d.data, e.deadlines, " +
  `${msOf("e.state_since")} as "stateSince"`;
const LAST_SEEN = `${msOf("e.last_seen")} as "lastSeenMs"`;
const LAST_LINE = `e.last_line as "lastLine", ${msOf("e.last_line_at")} as "lastLineMs"`;
const RECORD_COLUMNS = `${ENTITY_COLUMNS}, ${LAST_LINE}, ${LAST_SEEN}`;
const STORED_COLUMNS = `${ENTITY_COLUMNS}, e.updated_at as "updatedAt", ${LAST_SEEN}`;
/** Of each `e`. Not joined by key: see `foundRow`. */
const WITH_DATA = `cross join lateral (select data from rollcall.entity_data
    where domain = e.domain and partition = e.partition and entity_id = e.entity_id limit 1) as d`;

function entityOf<Row extends EntityRow>({ attempt, deadlines, ...row }: Row) {
  return {
    ...row,
    attempt: JSON.parse(attempt) as Entity["attempt"],
    deadlines: deadlines === null ? {} : (JSON.parse(deadlines) as Entity["deadlines"]),
  };
}

const recordOf = ({ lastLine, lastLineMs, lastSeenMs, ...row }: RecordRow): EntityRecord => ({
  entity: entityOf(row),
  ...{ lastLine, lastLineMs, lastSeenMs },
});

/** Keys from the root of an entity's data on, such as `["address", "city"]`. */
type DataPath = readonly string[];

/** Without a value it does not apply. */
type DataCondition =
  /** The text at the path is this one. */
  | { readonly path: DataPath; readonly equals: string | undefined }
  /** The array at the path has this text. */
  | { readonly path: DataPath; readonly includes: string | undefined };

/** What entities are looked for by; what is left out does not apply. */
export interface EntityFilter {
  /** Only those that the orchestrator has a state for. */
  readonly hasState?: true;
  /** The orchestrator's. */
  readonly state?: string | undefined;
  readonly reducerState?: string | undefined;
  /** A part of the id, in any case. */
  readonly part?: string | undefined;
  /** Where `part` may be beside the id: texts in the data. */
  readonly partAlsoAt?: readonly DataPath[];
  /** All of them apply. */
  readonly data?: readonly DataCondition[];
}

export interface EntityPage {
  /** Begins behind this id; an empty text: at the first. */
  readonly after: string;
  /** How many are left out there. */
  readonly skip?: number;
  readonly limit: number;
}

/** Those of these entities that are stored, in no order. */
export async function readEntityRecords(
  sql: Sql,
  domain: string,
  entities: readonly { readonly partition: number; readonly id: string }[],
): Promise<EntityRecord[]> {
  const rows = await sql.query<RecordRow>(
    `select ${RECORD_COLUMNS} from unnest($2::int[], $3::text[]) as k(partition, id)
      cross join lateral (
        select * from rollcall.entity where domain = $1 and partition = k.partition and entity_id = k.id limit 1) as e
       ${WITH_DATA}`,
    [domain, entities.map(({ partition }) => partition), entities.map(({ id }) => id)],
  );
  return rows.map(recordOf);
}

/** With its partition. Undefined: it is not known. */
export async function readEntityRecord(
  sql: Sql,
  domain: string,
  id: string,
): Promise<(EntityRecord & { readonly partition: number }) | undefined> {
  const [row] = await sql.query<RecordRow & { readonly partition: number }>(
    `select e.partition, ${RECORD_COLUMNS} from rollcall.entity e ${WITH_DATA}
      where e.domain = $1 and e.entity_id = $2`,
    [domain, id],
  );
  if (!row) return undefined;
  const { partition, ...record } = row;
  return { ...recordOf(record), partition };
}

/** Undefined: it is not known. */
export async function readEntity(sql: Sql, domain: string, entityId: string): Promise<StoredEntity | undefined> {
  const [row] = await sql.query<StoredRow>(
    `select ${STORED_COLUMNS} from rollcall.entity e ${WITH_DATA} where e.domain = $1 and e.entity_id = $2`,
    [domain, entityId],
  );
  return row && entityOf(row);
}

/** Those of these entities that are stored, whichever their partitions, in no order. */
export async function readEntities(sql: Sql, domain: string, ids: readonly string[]): Promise<StoredEntity[]> {
  const rows = await sql.query<StoredRow>(
    `select ${STORED_COLUMNS} from unnest($2::text[]) as k(id)
      cross join lateral (
        select * from rollcall.entity where domain = $1 and entity_id = k.id limit 1) as e
       ${WITH_DATA}`,
    [domain, ids],
  );
  return rows.map(entityOf);
}

/** A page of the entities that match, by id. */
export async function findEntities(
  sql: Sql,
  domain: string,
  filter: EntityFilter,
  { after, skip = 0, limit }: EntityPage,
): Promise<StoredEntity[]> {
  const values: SqlValue[] = [domain, after, limit, skip];
  // The page is chosen first: the data of what is skipped is not read.
  const rows = await sql.query<StoredRow>(
    `with page as (
       select e.ctid as place from rollcall.entity e ${needsData(filter) ? WITH_DATA : ""}
        where e.domain = $1 and e.entity_id > $2${conditionText(filter, values)}
        order by e.entity_id limit $3 offset $4
     )
     select ${STORED_COLUMNS} from page
       join rollcall.entity e on e.ctid = page.place
       ${WITH_DATA} order by e.entity_id`,
    values,
  );
  return rows.map(entityOf);
}

/** How many match. @param max no more are counted: it means that many or more */
export async function countEntities(sql: Sql, domain: string, filter: EntityFilter = {}, max?: number) {
  const values: SqlValue[] = [domain, max ?? null];
  const [row] = await sql.query<{ count: number }>(
    `select count(*)::int as count
       from (select 1 from rollcall.entity e ${needsData(filter) ? WITH_DATA : ""}
              where e.domain = $1${conditionText(filter, values)} limit $2::bigint) as found`,
    values,
  );
  return row?.count ?? 0;
}

const needsData = ({ data, part, partAlsoAt }: EntityFilter): boolean =>
  (data ?? []).some((condition) => ("equals" in condition ? condition.equals : condition.includes) !== undefined) ||
  (part !== undefined && (partAlsoAt ?? []).length > 0);

/** @param values the conditions' values are appended to it */
function conditionText(filter: EntityFilter, values: SqlValue[]): string {
  const bind = (value: SqlValue, type = "text"): string => `$${values.push(value)}::${type}`;
  const textAt = (path: DataPath): string => `d.data #>> ${bind(path, "text[]")}`;
  const conditions: string[] = [];
  if (filter.hasState) conditions.push("e.state is not null");
  if (filter.state !== undefined) conditions.push(`e.state = ${bind(filter.state)}`);
  if (filter.reducerState !== undefined) conditions.push(`e.reducer_state = ${bind(filter.reducerState)}`);
  for (const condition of filter.data ?? []) {
    if ("equals" in condition && condition.equals !== undefined)
      conditions.push(`${textAt(condition.path)} = ${bind(condition.equals)}`);
    if ("includes" in condition && condition.includes !== undefined)
      conditions.push(`(d.data #> ${bind(condition.path, "text[]")})::jsonb @> to_jsonb(${bind(condition.includes)})`);
  }
  if (filter.part !== undefined) {
    const part = bind(filter.part);
    const places = ["e.entity_id", ...(filter.partAlsoAt ?? []).map((path) => `coalesce(${textAt(path)}, '')`)];
    conditions.push(`(${places.map((place) => `position(lower(${part}) in lower(${place})) > 0`).join(" or ")})`);
  }
  return conditions.map((condition) => ` and ${condition}`).join("");
}

/** How many entities are in each pair of states. `state` is the orchestrator's; null: in none. Reads every entity. */
export const countEntitiesByState = (sql: Sql, domain: string) =>
  sql.query<{ readonly state: string | null; readonly reducerState: string; readonly entities: number }>(
    `select state, reducer_state as "reducerState", count(*)::int as entities
       from rollcall.entity where domain = $1 group by 1, 2`,
    [domain],
  );

/** How many entities each domain has; one without any is left out. Reads every entity. */
export async function countEntitiesByDomain(sql: Sql): Promise<ReadonlyMap<string, number>> {
  const rows = await sql.query<{ domain: string; entities: number }>(
    `select domain, count(*)::int as entities from rollcall.entity group by domain`,
  );
  return new Map(rows.map(({ domain, entities }) => [domain, entities]));
}

/**
 * Of one partition those that are in one of these states of the orchestrator, a page by id. Here and below the limit is
 * in the text, so that a plan that is kept for all values knows how few rows are wanted.
 */
export async function findEntitiesInStates(
  sql: Sql,
  domain: string,
  partition: number,
  states: readonly string[],
  { after, limit }: Pick<EntityPage, "after" | "limit">,
): Promise<Entity[]> {
  const rows = await sql.query<EntityRow>(
    `select ${ENTITY_COLUMNS} from rollcall.entity e ${WITH_DATA}
      where e.domain = $1 and e.partition = $2 and e.state = any($3::text[]) and e.entity_id > $4
      order by e.entity_id limit ${limit}`,
    [domain, partition, states, after],
  );
  return rows.map(entityOf);
}

/** Of one partition those whose last line is this one or a later one, a page by id. */
export async function findEntitiesSinceLine(
  sql: Sql,
  domain: string,
  partition: number,
  line: number,
  { after, limit }: Pick<EntityPage, "after" | "limit">,
): Promise<EntityRecord[]> {
  const rows = await sql.query<RecordRow>(
    `select ${RECORD_COLUMNS} from rollcall.entity e ${WITH_DATA}
      where e.domain = $1 and e.partition = $2 and e.last_line >= $3 and e.entity_id > $4
      order by e.entity_id limit ${limit}`,
    [domain, partition, line, after],
  );
  return rows.map(recordOf);
}

/** Of these partitions those that are in none of these states, a page by id. */
export async function findIdsOutsideStates(
  sql: Sql,
  domain: string,
  partitions: readonly number[],
  states: readonly string[],
  { after, limit }: Pick<EntityPage, "after" | "limit">,
): Promise<string[]> {
  const rows = await sql.query<{ entity_id: string }>(
    `select entity_id from rollcall.entity
      where domain = $1 and partition = any($2::int[]) and entity_id > $3
        and (state is null or state <> all($4::text[]))
      order by entity_id limit ${limit}`,
    [domain, partitions, after, states],
  );
  return rows.map(({ entity_id }) => entity_id);
}

const NAMED = {
  state: { rows: "rollcall.entity", column: "state" },
  reducerState: { rows: "rollcall.entity", column: "reducer_state" },
  deadline: {
    rows: "rollcall.entity, lateral json_object_keys(deadlines::json) as armed (name)",
    column: "armed.name",
  },
} as const;

/** The states that entities are in, and the deadlines that they have armed, by name. */
export const namesInEntities = (sql: Sql, domain: string, named: keyof typeof NAMED, choice: NameChoice) =>
  sql.query<NameInUse>(...namesInUse(NAMED[named], domain, choice));
