import type { Entity } from "../core/entity.ts";
import type { Sql, SqlValue } from "../ports/store.ts";
import { type NameChoice, type NameInUse, namesInUse } from "./names-in-use.ts";

/** An entity, and when it was last stored. */
export type StoredEntity = Entity & { readonly updatedAt: Date };

/** An `Entity`. */
const ENTITY_COLUMNS =
  'entity_id as id, state, reducer_state as "reducerState", seq, attempt, data, deadlines, ' +
  '(extract(epoch from state_since) * 1000)::bigint as "stateSince"';
const STORED_COLUMNS = `${ENTITY_COLUMNS}, updated_at as "updatedAt"`;

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
export const readEntities = (sql: Sql, domain: string, entityIds: readonly string[]): Promise<Entity[]> =>
  sql.query<Entity>(`select ${ENTITY_COLUMNS} from rollcall.entity where domain = $1 and entity_id = any($2::text[])`, [
    domain,
    entityIds,
  ]);

/** Undefined: it is not known. */
export async function readEntity(sql: Sql, domain: string, entityId: string): Promise<StoredEntity | undefined> {
  const [entity] = await sql.query<StoredEntity>(
    `select ${STORED_COLUMNS} from rollcall.entity where domain = $1 and entity_id = $2`,
    [domain, entityId],
  );
  return entity;
}

/** A page of the entities that match, by id. */
export function findEntities(
  sql: Sql,
  domain: string,
  filter: EntityFilter,
  { after, skip = 0, limit }: EntityPage,
): Promise<StoredEntity[]> {
  const values: SqlValue[] = [domain, after, limit, skip];
  return sql.query<StoredEntity>(
    `select ${STORED_COLUMNS} from rollcall.entity
      where domain = $1 and entity_id > $2${conditionText(filter, values)}
      order by entity_id limit $3 offset $4`,
    values,
  );
}

/** How many match. @param max no more are counted: it means that many or more */
export async function countEntities(sql: Sql, domain: string, filter: EntityFilter = {}, max?: number) {
  const values: SqlValue[] = [domain, max ?? null];
  const [row] = await sql.query<{ count: number }>(
    `select count(*)::int as count
       from (select 1 from rollcall.entity
              where domain = $1${conditionText(filter, values)} limit $2::bigint) as found`,
    values,
  );
  return row?.count ?? 0;
}

/** @param values the conditions' values are appended to it */
function conditionText(filter: EntityFilter, values: SqlValue[]): string {
  const bind = (value: SqlValue, type = "text"): string => `$${values.push(value)}::${type}`;
  const textAt = (path: DataPath): string => `data #>> ${bind(path, "text[]")}`;
  const conditions: string[] = [];
  if (filter.hasState) conditions.push("state is not null");
  if (filter.state !== undefined) conditions.push(`state = ${bind(filter.state)}`);
  if (filter.reducerState !== undefined) conditions.push(`reducer_state = ${bind(filter.reducerState)}`);
  for (const condition of filter.data ?? []) {
    if ("equals" in condition && condition.equals !== undefined)
      conditions.push(`${textAt(condition.path)} = ${bind(condition.equals)}`);
    if ("includes" in condition && condition.includes !== undefined)
      conditions.push(`(data #> ${bind(condition.path, "text[]")})::jsonb @> to_jsonb(${bind(condition.includes)})`);
  }
  if (filter.part !== undefined) {
    const part = bind(filter.part);
    const places = ["entity_id", ...(filter.partAlsoAt ?? []).map((path) => `coalesce(${textAt(path)}, '')`)];
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
export const findEntitiesInStates = (
  sql: Sql,
  domain: string,
  partition: number,
  states: readonly string[],
  { after, limit }: Pick<EntityPage, "after" | "limit">,
): Promise<Entity[]> =>
  sql.query<Entity>(
    `select ${ENTITY_COLUMNS} from rollcall.entity
      where domain = $1 and partition = $2 and state = any($3::text[]) and entity_id > $4
      order by entity_id limit ${limit}`,
    [domain, partition, states, after],
  );

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
  deadline: { rows: "rollcall.entity, lateral json_object_keys(deadlines) as armed (name)", column: "armed.name" },
} as const;

/** The states that entities are in, and the deadlines that they have armed, by name. */
export const namesInEntities = (sql: Sql, domain: string, named: keyof typeof NAMED, choice: NameChoice) =>
  sql.query<NameInUse>(...namesInUse(NAMED[named], domain, choice));
