import type { Entity } from "../../core/entity.ts";
import type { Sql } from "../../ports/store.ts";

/** An `Entity`, as rollcall.entity stores it. */
export const ENTITY_COLUMNS =
  'entity_id as id, state, reducer_state as "reducerState", seq, attempt, data, deadlines, ' +
  '(extract(epoch from state_since) * 1000)::bigint as "stateSince"';

const bytesOfData = new WeakMap<object, number>();

/** The data as it is stored. */
export function dataText({ data }: Entity): string {
  const text = JSON.stringify(data);
  if (typeof data === "object" && data !== null) bytesOfData.set(data, text.length);
  return text;
}

/** What an entity's data has as JSON, about: those whose data was written or asked for before are not written again. */
export const bytesOf = (entity: Entity): number => bytesOfData.get(entity.data as object) ?? dataText(entity).length;

export const readEntities = (sql: Sql, domain: string, entityIds: readonly string[]): Promise<Entity[]> =>
  sql.query<Entity>(`select ${ENTITY_COLUMNS} from rollcall.entity where domain = $1 and entity_id = any($2::text[])`, [
    domain,
    entityIds,
  ]);
