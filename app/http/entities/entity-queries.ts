import { z } from "zod";
import { shownEntity } from "../../../runtime/core/entity-data.ts";
import { partitionOf } from "../../../runtime/core/murmur2.ts";
import {
  countEntities,
  type EntityFilter,
  findEntities,
  readEntity,
  readEntityRecord,
  type StoredEntity,
} from "../../../runtime/stored/entities.ts";
import { toRfc3339 } from "../../../runtime/core/time.ts";
import { readPurgedEntities, readTombstone } from "../../../runtime/stored/tombstones.ts";
import type { System } from "../../host/compose.ts";
import { decodeCursor, pageOf } from "../server/cursor.ts";
import { notFound, Problem } from "../server/problem.ts";
import { CursorParam, LimitParam } from "../server/route-types.ts";

/** No query skips or counts more. */
const SKIP_MAX = 1_000_000;

export const EntityParams = z.object({ id: z.string().min(1).max(255) });

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
  { store, domain }: System,
  { limit, cursor, skip, count, ...query }: EntityListQuery,
  view: (entity: StoredEntity) => Item,
  more: Pick<EntityFilter, "data" | "partAlsoAt"> = {},
): Promise<{ items: Item[]; next_cursor: string | null; total?: number }> {
  const { name } = domain;
  const scope = `entities of ${name} ${JSON.stringify(query)}`;
  const [after = ""] = cursor === undefined ? [] : decodeCursor(scope, cursor);
  const { state, reducer_state: reducerState, q: part } = query;
  const filter: EntityFilter = { hasState: true, state, reducerState, part, ...more };
  const found = await findEntities(store, name, filter, { after: String(after), skip, limit: limit + 1 });
  const { items, next_cursor } = pageOf(found, limit, scope, ({ id }) => [id]);
  const answer = { items: items.map((entity) => view(shownEntity(domain, entity))), next_cursor };
  if (count === "false") return answer;
  // A count with a filter reads every entity, and a single page is counted already.
  const isAll = cursor === undefined && skip === 0 && next_cursor === null;
  return { ...answer, total: isAll ? items.length : await countEntities(store, name, filter, SKIP_MAX) };
}

/**
 * @param noun what the domain calls an entity
 * @throws Problem not-found
 */
export async function requireEntity(system: System, id: string, noun = "entity"): Promise<StoredEntity> {
  const entity = await readEntity(system.store, system.domain.name, id);
  if (!entity) throw await unknownEntity(system, id, noun);
  return shownEntity(system.domain, entity);
}

/**
 * The problem for an entity that is not there: with when it had ended, where it was purged.
 * @param noun what the domain calls an entity
 */
export async function unknownEntity({ store, domain }: System, id: string, noun = "entity"): Promise<Problem> {
  const left = await readTombstone(store, domain.name, id);
  if (!left) return notFound(`no ${noun} ${id} is known`);
  const ended_at = toRfc3339(left.endedAt);
  const detail = `the ${noun} ${id} was purged: it had ended at ${ended_at}`;
  return new Problem("not-found", detail, { code: "ENTITY_PURGED", extensions: { ended_at, seq: left.seq } });
}

/** An entity with what its row has besides; a purged one is in no state. Undefined: it is not known. */
export async function readRecord(system: System, id: string) {
  const { store, domain } = system;
  const stored = await readEntityRecord(store, domain.name, id);
  if (stored) return stored;
  const [purged] = await readPurgedEntities(store, domain, [id]);
  return purged && { ...purged, partition: partitionOfEntity(system, id) };
}

export const partitionOfEntity = ({ runtime }: System, id: string): number =>
  partitionOf(id, Math.max(1, runtime.status().partitions));
