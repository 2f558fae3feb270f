import type { ProjectionSpec } from "../core/projection.ts";
import type { Sql } from "../ports/store.ts";
import { foundRow } from "./found-row.ts";
import { msOf } from "./ms-of.ts";

/** An entity whose rows are older than it is. */
export interface ProjectionFault {
  readonly projection: string;
  readonly version: number;
  readonly entityId: string;
  readonly reason: string;
}
export type EntityOfProjection = Omit<ProjectionFault, "reason">;

export const entityOf = (
  { name, version }: Pick<ProjectionSpec, "name" | "version">,
  id: string,
): EntityOfProjection => ({
  ...{ projection: name, version, entityId: id },
});

const columnsOf = (entities: readonly EntityOfProjection[]) => [
  entities.map(({ projection }) => projection),
  entities.map(({ version }) => version),
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
  const faults = [
    ...new Map(given.map((each) => [`${each.projection}\0${each.version}\0${each.entityId}`, each])).values(),
  ];
  return [
    tx.query(
      `insert into rollcall.projection_fault as f (domain, projection, version, entity_id, reason, since)
           select $1, r.projection, r.version, r.entity_id, r.reason, $2::timestamptz
             from unnest($3::text[], $4::int[], $5::text[], $6::text[]) as r(projection, version, entity_id, reason)
           on conflict (domain, projection, version, entity_id) do update set reason = excluded.reason
             where f.reason <> excluded.reason`,
      [domain, new Date(atMs), ...columnsOf(faults), faults.map(({ reason }) => reason)],
    ),
  ];
};

const IS_FAULT_OF = "domain = $1 and projection = r.projection and version = r.version and entity_id = r.entity_id";

/** Their rows are as they should be. */
export const removeFaults = (tx: Sql, domain: string, entities: readonly EntityOfProjection[]): Promise<unknown>[] =>
  entities.length === 0
    ? []
    : [
        tx.query(
          `delete from rollcall.projection_fault f
            using unnest($2::text[], $3::int[], $4::text[]) as r(projection, version, entity_id)
             ${foundRow("rollcall.projection_fault", IS_FAULT_OF)}
            where f.ctid = found.place`,
          [domain, ...columnsOf(entities)],
        ),
      ];

/** Of each projection that has any, as it is in use: how many, since when the first, ms since the epoch. */
export const summarizeFaults = (sql: Sql, domain: string) =>
  sql.query<{ readonly projection: string; readonly count: number; readonly sinceMs: number }>(
    `select f.projection, count(*)::int as count, ${msOf("min(f.since)")} as "sinceMs"
       from rollcall.projection_fault f
       join rollcall.projection p on p.domain = f.domain and p.name = f.projection and p.version = f.version
      where f.domain = $1 group by f.projection order by f.projection`,
    [domain],
  );

/** The first of a projection's, by entity. */
export const readFaults = (
  sql: Sql,
  { domain, name, version }: Pick<ProjectionSpec, "domain" | "name" | "version">,
  limit: number,
) =>
  sql.query<Pick<ProjectionFault, "entityId" | "reason"> & { readonly since: Date }>(
    `select entity_id as "entityId", reason, since from rollcall.projection_fault
      where domain = $1 and projection = $2 and version = $3 order by entity_id limit $4`,
    [domain, name, version, limit],
  );
