import type { Entity } from "../core/entity.ts";

/** A row of rollcall.entity as it is read. */
export interface EntityRow {
  readonly entity_id: string;
  readonly state: string | null;
  readonly reducer_state: string;
  readonly seq: number;
  readonly attempt: Entity["attempt"];
  readonly data: unknown;
  readonly deadlines: Entity["deadlines"];
  readonly state_since: Date;
}
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
