import type { Entity } from "../../core/entity.ts";
import type { EntitySnapshot } from "../../core/journal.ts";

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
