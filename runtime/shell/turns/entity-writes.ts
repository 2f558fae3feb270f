import type { Entity } from "../../core/entity.ts";
import type { Sql } from "../../ports/store.ts";
import { multiRow } from "./multi-row.ts";
import type { ChangedEntity, TurnPlan } from "./turn-plan.ts";

const RENEWED = multiRow<ChangedEntity>(3, [
  ["entity_id", "text", ({ after }) => after.id],
  ["deadlines", "json", ({ after }) => JSON.stringify(after.deadlines)],
]);
const MOVED = multiRow<ChangedEntity>(3, [
  ["entity_id", "text", ({ after }) => after.id],
  ["state", "text", ({ after }) => after.state],
  ["reducer_state", "text", ({ after }) => after.reducerState],
  ["seq", "bigint", ({ after }) => after.seq],
  ["attempt", "json", ({ after }) => JSON.stringify(after.attempt)],
  ["deadlines", "json", ({ after }) => JSON.stringify(after.deadlines)],
  ["state_since", "timestamptz", ({ after }) => new Date(after.stateSince)],
]);
const REWRITTEN = multiRow<ChangedEntity>(3, [
  ["entity_id", "text", ({ after }) => after.id],
  ["partition", "int", ({ partition }) => partition.number],
  ["state", "text", ({ after }) => after.state],
  ["reducer_state", "text", ({ after }) => after.reducerState],
  ["seq", "bigint", ({ after }) => after.seq],
  ["attempt", "json", ({ after }) => JSON.stringify(after.attempt)],
  ["data", "json", ({ after }) => JSON.stringify(after.data)],
  ["deadlines", "json", ({ after }) => JSON.stringify(after.deadlines)],
  ["state_since", "timestamptz", ({ after }) => new Date(after.stateSince)],
]);

/**
 * Writes a turn's entities. Data is the largest column and deadlines change most often, so an entity whose data is the
 * same, or of which only deadlines have moved, is written without the rest.
 */
export function* entityStatements(tx: Sql, domain: string, plan: TurnPlan): Iterable<Promise<unknown>> {
  const renewed: ChangedEntity[] = [];
  const moved: ChangedEntity[] = [];
  const rewritten: ChangedEntity[] = [];
  for (const changed of plan.entities.values()) {
    const { before, after } = changed;
    if (!before || before.data !== after.data) rewritten.push(changed);
    else (differsOnlyInDeadlines(before, after) ? renewed : moved).push(changed);
  }
  const at = new Date(plan.atMs);
  if (renewed.length > 0)
    yield tx.query(
      `update rollcall.entity e set deadlines = r.deadlines, updated_at = $2 from ${RENEWED.table}
        where e.domain = $1 and e.entity_id = r.entity_id`,
      [domain, at, ...RENEWED.parameters(renewed)],
    );
  if (moved.length > 0)
    yield tx.query(
      `update rollcall.entity e set state = r.state, reducer_state = r.reducer_state, seq = r.seq,
         attempt = r.attempt, deadlines = r.deadlines, state_since = r.state_since, updated_at = $2
         from ${MOVED.table} where e.domain = $1 and e.entity_id = r.entity_id`,
      [domain, at, ...MOVED.parameters(moved)],
    );
  if (rewritten.length > 0)
    yield tx.query(
      `insert into rollcall.entity (domain, updated_at, ${REWRITTEN.names})
       select $1, $2::timestamptz, r.* from ${REWRITTEN.table}
       on conflict (domain, entity_id) do update set partition = excluded.partition, state = excluded.state,
         reducer_state = excluded.reducer_state, seq = excluded.seq, attempt = excluded.attempt, data = excluded.data,
         deadlines = excluded.deadlines, state_since = excluded.state_since, updated_at = excluded.updated_at`,
      [domain, at, ...REWRITTEN.parameters(rewritten)],
    );
}

/** The ids of a turn's messages: a repeat of one of them is recognised from now on. */
export function* seenStatements(tx: Sql, plan: TurnPlan): Iterable<Promise<unknown>> {
  if (plan.seen.size > 0)
    yield tx.query(
      `insert into rollcall.seen (key, at) select key, $1::timestamptz from unnest($2::uuid[]) as r(key)
       on conflict do nothing`,
      [new Date(plan.atMs), [...plan.seen]],
    );
}

const differsOnlyInDeadlines = (before: Entity, now: Entity): boolean =>
  Object.entries(now).every(([key, value]) => key === "deadlines" || before[key as keyof Entity] === value);
