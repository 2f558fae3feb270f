import type { Sql } from "../ports/store.ts";
import { foundRow } from "./found-row.ts";
import { msOf } from "./ms-of.ts";

/** An entity whose rows are older than it is. */
export interface ProjectionFault {
  readonly projection: string;
  readonly entityId: string;
  readonly reason: string;
}
export type EntityOfProjection = Pick<ProjectionFault, "projection" | "entityId">;

const columnsOf = (entities: readonly EntityOfProjection[]) => [
  entities.map(({ projection }) => projection),
  entities.map(({ entityId }) => entityId),
];

/** `since` stays that of the first, until the entity's rows are as they should be. */
export const sendFaults = (
  tx: Sql,
  domain: string,
  given: readonly ProjectionFault[],
  atMs: number,
): Promise<unknown>[] => {
  if (given.length === 0) return [];
  // Of a log a turn may have several of one entity, and a statement takes each row once.
  const faults = [...new Map(given.map((each) => [`${each.projection}\0${each.entityId}`, each])).values()];
  return [
    tx.query(
      `insert into rollcall.projection_fault as f (domain, projection, entity_id, reason, since)
           select $1, r.projection, r.entity_id, r.reason, $2::timestamptz
             from unnest($3::text[], $4::text[], $5::text[]) as r(projection, entity_id, reason)
           on conflict (domain, projection, entity_id) do update set reason = excluded.reason
             where f.reason <> excluded.reason`,
      [domain, new Date(atMs), ...columnsOf(faults), faults.map(({ reason }) => reason)],
    ),
  ];
};

const IS_FAULT_OF = "domain = $1 and projection = r.projection and entity_id = r.entity_id";

/** Their rows are as they should be. */
export const removeFaults = (tx: Sql, domain: string, entities: readonly EntityOfProjection[]): Promise<unknown>[] =>
  entities.length === 0
    ? []
    : [
        tx.query(
          `delete from rollcall.projection_fault f using unnest($2::text[], $3::text[]) as r(projection, entity_id)
             ${foundRow("rollcall.projection_fault", IS_FAULT_OF)}
            where f.ctid = found.place`,
          [domain, ...columnsOf(entities)],
        ),
      ];

/** Of each projection that has any: how many, since when the first, ms since the epoch. */
export const summarizeFaults = (sql: Sql, domain: string) =>
  sql.query<{ readonly projection: string; readonly count: number; readonly sinceMs: number }>(
    `select projection, count(*)::int as count, ${msOf("min(since)")} as "sinceMs"
       from rollcall.projection_fault where domain = $1 group by projection order by projection`,
    [domain],
  );

/** The first of a projection's, by entity. */
export const readFaults = (sql: Sql, domain: string, projection: string, limit: number) =>
  sql.query<Omit<ProjectionFault, "projection"> & { readonly since: Date }>(
    `select entity_id as "entityId", reason, since from rollcall.projection_fault
      where domain = $1 and projection = $2 order by entity_id limit $3`,
    [domain, projection, limit],
  );
