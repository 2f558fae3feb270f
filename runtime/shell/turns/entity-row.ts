import type { Entity } from "../../core/entity.ts";
import type { EntitySnapshot } from "../../core/journal.ts";
import type { Sql } from "../../ports/store.ts";

/** A row of rollcall.entity as it is read. */
export type EntityRow = Omit<EntitySnapshot, "state_since"> & { readonly state_since: Date };
export const ENTITY_COLUMNS = "entity_id, state, reducer_state, seq, attempt, data, deadlines, state_since";

export const entityOf = (row: EntityRow): Entity => ({
  id: row.entity_id,
  state: row.state,
  reducerState: row.reducer_state,
  data: row.data,
  attempt: row.attempt,
  seq: row.seq,
  deadlines: row.deadlines,
  stateSince: row.state_since.getTime(),
});

export const readEntities = (sql: Sql, domain: string, entityIds: readonly string[]): Promise<EntityRow[]> =>
  sql.query<EntityRow>(
    `select ${ENTITY_COLUMNS} from rollcall.entity where domain = $1 and entity_id = any($2::text[])`,
    [domain, entityIds],
  );
