import type { Sql, SqlValue } from "../../ports/store.ts";
import type { TurnPlan } from "./turn-plan.ts";

/** A table's rows as one parameter a column: `unnest` turns them back. */
export function columnParameters<Row>(rows: readonly Row[], ...pick: readonly ((row: Row) => SqlValue)[]): SqlValue[] {
  return pick.map((of) => rows.map(of));
}

/** A turn's entities, and the ids of its messages. */
export function* entityStatements(tx: Sql, domain: string, plan: TurnPlan): Iterable<Promise<unknown>> {
  const changed = [...plan.entities.values()];
  const at = new Date(plan.atMs);
  // A renewal moves a deadline and nothing else, and most moves leave the data alone: what is large need not travel.
  const renewed: typeof changed = [];
  const moved: typeof changed = [];
  const rewritten: typeof changed = [];
  for (const entity of changed) {
    const { before, now } = entity;
    if (!before || before.data !== now.data) rewritten.push(entity);
    else (differsOnlyInDeadlines(before, now) ? renewed : moved).push(entity);
  }
  if (renewed.length > 0)
    yield tx.query(
      `update rollcall.entity e set deadlines = r.deadlines, updated_at = $4
         from unnest($2::text[], $3::json[]) as r(entity_id, deadlines)
        where e.domain = $1 and e.entity_id = r.entity_id`,
      [
        domain,
        ...columnParameters(
          renewed,
          ({ now }) => now.id,
          ({ now }) => JSON.stringify(now.deadlines),
        ),
        at,
      ],
    );
  if (moved.length > 0)
    yield tx.query(
      `update rollcall.entity e set state = r.state, reducer_state = r.reducer_state, seq = r.seq,
         attempt = r.attempt, deadlines = r.deadlines, state_since = r.state_since, updated_at = $9
         from unnest($2::text[], $3::text[], $4::text[], $5::bigint[], $6::json[], $7::json[], $8::timestamptz[])
           as r(entity_id, state, reducer_state, seq, attempt, deadlines, state_since)
        where e.domain = $1 and e.entity_id = r.entity_id`,
      [
        domain,
        ...columnParameters(
          moved,
          ({ now }) => now.id,
          ({ now }) => now.state,
          ({ now }) => now.reducerState,
          ({ now }) => now.seq,
          ({ now }) => JSON.stringify(now.attempt),
          ({ now }) => JSON.stringify(now.deadlines),
          ({ now }) => new Date(now.stateSince),
        ),
        at,
      ],
    );
  if (rewritten.length > 0)
    yield tx.query(
      `insert into rollcall.entity
         (domain, entity_id, partition, state, reducer_state, seq, attempt, data, deadlines, state_since, updated_at)
       select $1, r.*, $11::timestamptz from unnest($2::text[], $3::int[], $4::text[], $5::text[], $6::bigint[],
         $7::json[], $8::json[], $9::json[], $10::timestamptz[])
         as r(entity_id, partition, state, reducer_state, seq, attempt, data, deadlines, state_since)
       on conflict (domain, entity_id) do update set partition = excluded.partition, state = excluded.state,
         reducer_state = excluded.reducer_state, seq = excluded.seq, attempt = excluded.attempt, data = excluded.data,
         deadlines = excluded.deadlines, state_since = excluded.state_since, updated_at = excluded.updated_at`,
      [
        domain,
        ...columnParameters(
          rewritten,
          ({ now }) => now.id,
          ({ partition }) => partition.number,
          ({ now }) => now.state,
          ({ now }) => now.reducerState,
          ({ now }) => now.seq,
          ({ now }) => JSON.stringify(now.attempt),
          ({ now }) => JSON.stringify(now.data),
          ({ now }) => JSON.stringify(now.deadlines),
          ({ now }) => new Date(now.stateSince),
        ),
        at,
      ],
    );
  if (plan.seen.size > 0)
    yield tx.query(
      `insert into rollcall.seen (key, at) select key, $2::timestamptz from unnest($1::uuid[]) as r(key)
       on conflict do nothing`,
      [[...plan.seen], at],
    );
}

const differsOnlyInDeadlines = (before: object, now: object): boolean =>
  Object.entries(now).every(
    ([key, value]) => key === "deadlines" || (before as Record<string, unknown>)[key] === value,
  );
