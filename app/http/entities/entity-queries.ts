import { z } from "zod";
import type { Entity } from "../../../runtime/core/entity.ts";
import { partitionOf } from "../../../runtime/core/murmur2.ts";
import type { Sql, SqlValue } from "../../../runtime/ports/store.ts";
import { ENTITY_COLUMNS } from "../../../runtime/shell/turns/entity-row.ts";
import type { System } from "../../host/compose.ts";
import { decodeCursor, pageOf } from "../server/cursor.ts";
import { notFound, Problem } from "../server/problem.ts";
import { CursorParam, LimitParam } from "../server/route-types.ts";

/** No query skips or counts more. */
const SKIP_MAX = 1_000_000;

/** A condition of SQL in which each `$?` stands for the value; without a value it does not apply. */
export type Condition = readonly [sql: string, value: string | undefined];

/** What every list of entities can be asked for. */
export const EntityListQuery = z.object({
  state: z.string().max(255).optional().describe("the orchestrator's state, by its name in the contract"),
  reducer_state: z.string().max(255).optional().describe("the reducer's state, by its name in the contract"),
  q: z.string().min(1).max(255).optional().describe("a part of the id, in any case"),
  limit: LimitParam(100),
  cursor: CursorParam,
  skip: z.coerce
    .number()
    .int()
    .min(0)
    .max(SKIP_MAX)
    .default(0)
    .describe("items to skip behind the cursor, or from the beginning"),
  count: z.enum(["true", "false"]).default("false").describe("true: also the total"),
});
type EntityListQuery = z.infer<typeof EntityListQuery>;

export const stateConditions = ({
  state,
  reducer_state,
}: Pick<EntityListQuery, "state" | "reducer_state">): readonly Condition[] => [
  ["state = $?", state],
  ["reducer_state = $?", reducer_state],
];

/** A page of a list of entities, as routes answer with it. */
export const listOf = <Item extends z.ZodType>(item: Item) =>
  z.object({
    items: z.array(item),
    next_cursor: z.string().nullable(),
    total: z
      .int()
      .optional()
      .describe("with count=true: how many match these filters; 1,000,000 means that many or more"),
  });

/**
 * @param conditions of what the query filters by
 * @throws Problem invalid-request for a cursor of another list
 */
export async function listEntities<Item>(
  { store, domain: { name: domain } }: System,
  { limit, cursor, skip, count, ...filter }: EntityListQuery,
  conditions: readonly Condition[],
  view: (entity: StoredEntity) => Item,
): Promise<{ items: Item[]; next_cursor: string | null; total?: number }> {
  const scope = `entities of ${domain} ${JSON.stringify(filter)}`;
  const [after = ""] = cursor === undefined ? [] : decodeCursor(scope, cursor);
  const selection = { domain, conditions };
  const found = await findEntities(store, selection, { after: String(after), skip, limit: limit + 1 });
  const { items, next_cursor } = pageOf(found, limit, scope, ({ id }) => [id]);
  const answer = { items: items.map(view), next_cursor };
  if (count === "false") return answer;
  // A count with a filter reads every entity, and a single page is counted already.
  const isAll = cursor === undefined && skip === 0 && next_cursor === null;
  return { ...answer, total: isAll ? items.length : await countEntities(store, selection) };
}

interface Selection {
  readonly domain: string;
  readonly conditions: readonly Condition[];
}

/** An entity, and when it was last stored. */
export type StoredEntity = Entity & { readonly updatedAt: Date };
const COLUMNS = `${ENTITY_COLUMNS}, updated_at as "updatedAt"`;

/** The entities behind `after`, by id, without the first `skip`. */
export function findEntities(
  sql: Sql,
  { domain, conditions }: Selection,
  page: { readonly after: string; readonly skip: number; readonly limit: number },
): Promise<StoredEntity[]> {
  const values: SqlValue[] = [domain, page.after, page.limit, page.skip];
  return sql.query(
    `select ${COLUMNS} from rollcall.entity
      where domain = $1 and entity_id > $2 and ${conditionText(conditions, values)}
      order by entity_id limit $3 offset $4`,
    values,
  );
}

/** How many match; `SKIP_MAX` means that many or more. */
async function countEntities(sql: Sql, { domain, conditions }: Selection): Promise<number> {
  const values: SqlValue[] = [domain, SKIP_MAX];
  const [row] = await sql.query<{ count: number }>(
    `select count(*)::int as count
       from (select 1 from rollcall.entity
              where domain = $1 and ${conditionText(conditions, values)} limit $2) as found`,
    values,
  );
  return row?.count ?? 0;
}

/** @param values the conditions' values are appended to it */
const conditionText = (conditions: readonly Condition[], values: SqlValue[]): string =>
  [
    "state is not null",
    ...conditions.flatMap(([text, value]) =>
      value === undefined ? [] : [text.replaceAll("$?", `$${values.push(value)}`)],
    ),
  ].join(" and ");

/**
 * @param noun what the domain calls an entity
 * @throws Problem not-found
 */
export async function requireEntity({ store, domain }: System, id: string, noun = "entity"): Promise<StoredEntity> {
  const text = `select ${COLUMNS} from rollcall.entity where domain = $1 and entity_id = $2`;
  const [entity] = await store.query<StoredEntity>(text, [domain.name, id]);
  if (!entity) throw notFound(`no ${noun} ${id} is known`);
  return entity;
}

export const partitionOfEntity = ({ runtime }: System, id: string): number =>
  partitionOf(id, Math.max(1, runtime.status().partitions));

/**
 * Tries its pending intents at once.
 * @returns how many
 * @throws Problem conflict when none waits for its next try in this process
 */
export async function retryPendingIntents(system: System, { id, state }: Entity): Promise<number> {
  const intents = system.runtime.retryNow(id);
  if (intents > 0) return intents;
  const pending = await readPendingIntents(system, id);
  if (pending.length === 0) throw new Problem("conflict", `${id} is ${state}: there is nothing to retry`);
  const types = pending.map(({ type }) => type).join(", ");
  throw new Problem(
    "conflict",
    `${id} is ${state} and is waiting for ${types}: it is being tried now, or another process retries it`,
  );
}

/** An intent without an outcome. The tries are this process's: failed calls of other processes are not known here. */
export type PendingIntent = Awaited<ReturnType<typeof readPendingIntents>>[number];

/** The entity's intents that are not settled, oldest first. */
export async function readPendingIntents(system: System, entityId: string) {
  const { store, runtime, domain } = system;
  const rows = await store.query<{ id: string; type: string; target: string; created_at: Date }>(
    `select id, type, target, created_at from rollcall.intent
      where domain = $1 and partition = $2 and entity_id = $3 order by seq`,
    [domain.name, partitionOfEntity(system, entityId), entityId],
  );
  const tries = runtime.triesOf(entityId);
  return rows.map(({ created_at, ...intent }) => ({
    ...intent,
    asked_at: created_at.toISOString(),
    tries: [...(tries.get(intent.id) ?? [])],
  }));
}
