import type { Entity } from "../../core/entity.ts";
import type { Sql } from "../../ports/store.ts";

/** An `Entity`, as rollcall.entity stores it. */
export const ENTITY_COLUMNS =
  'entity_id as id, state, reducer_state as "reducerState", seq, attempt, data, deadlines, ' +
  '(extract(epoch from state_since) * 1000)::bigint as "stateSince"';

export const readEntities = (sql: Sql, domain: string, entityIds: readonly string[]): Promise<Entity[]> =>
  sql.query<Entity>(`select ${ENTITY_COLUMNS} from rollcall.entity where domain = $1 and entity_id = any($2::text[])`, [
    domain,
    entityIds,
  ]);
