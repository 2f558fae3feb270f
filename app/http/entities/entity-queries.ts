import { z } from "zod";
import { partitionOf } from "../../../runtime/core/murmur2.ts";
import {
  countEntities,
  type EntityFilter,
  findEntities,
  readEntity,
  type StoredEntity,
} from "../../../runtime/stored/entities.ts";
import type { System } from "../../host/compose.ts";
import { decodeCursor, pageOf } from "../server/cursor.ts";
import { notFound } from "../server/problem.ts";
import { CursorParam, LimitParam } from "../server/route-types.ts";

/** No query skips or counts more. */
const SKIP_MAX = 1_000_000;

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
 * @param more what the list can be asked for beside `EntityListQuery`, as conditions on the data
 * @throws Problem invalid-request for a cursor of another list
 */
export async function listEntities<Item>(
  { store, domain: { name: domain } }: System,
  { limit, cursor, skip, count, ...query }: EntityListQuery,
  view: (entity: StoredEntity) => Item,
  more: Pick<EntityFilter, "data" | "partAlsoAt"> = {},
): Promise<{ items: Item[]; next_cursor: string | null; total?: number }> {
  const scope = `entities of ${domain} ${JSON.stringify(query)}`;
  const [after = ""] = cursor === undefined ? [] : decodeCursor(scope, cursor);
  const { state, reducer_state: reducerState, q: part } = query;
  const filter: EntityFilter = { hasState: true, state, reducerState, part, ...more };
  const found = await findEntities(store, domain, filter, { after: String(after), skip, limit: limit + 1 });
  const { items, next_cursor } = pageOf(found, limit, scope, ({ id }) => [id]);
  const answer = { items: items.map(view), next_cursor };
  if (count === "false") return answer;
  // A count with a filter reads every entity, and a single page is counted already.
  const isAll = cursor === undefined && skip === 0 && next_cursor === null;
  return { ...answer, total: isAll ? items.length : await countEntities(store, domain, filter, SKIP_MAX) };
}

/**
 * @param noun what the domain calls an entity
 * @throws Problem not-found
 */
export async function requireEntity({ store, domain }: System, id: string, noun = "entity"): Promise<StoredEntity> {
  const entity = await readEntity(store, domain.name, id);
  if (!entity) throw notFound(`no ${noun} ${id} is known`);
  return entity;
}

export const partitionOfEntity = ({ runtime }: System, id: string): number =>
  partitionOf(id, Math.max(1, runtime.status().partitions));
