import { computeRows } from "../../core/computed-rows.ts";
import type { Domain } from "../../core/domain.ts";
import type { Entity } from "../../core/entity.ts";
import { loadEntity, UnreadableData } from "../../core/entity-data.ts";
import type { ProjectionSpec } from "../../core/projection.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Sql, Store } from "../../ports/store.ts";
import { findEntities } from "../../stored/entities.ts";
import { entityOf, type ProjectionFault, removeFaults, sendFaults } from "../../stored/projection-faults.ts";
import { type EntityRows, removeRows, sendRows } from "../../stored/projection-writes.ts";

/** What computes rows of stored entities, and the clock that tells how long that takes. */
export interface Filling {
  readonly store: Store;
  readonly domain: Domain;
  readonly clock: Clock;
}

/** The rows that entities should have, and of which they can't be had. */
export interface RowsOfEntities {
  readonly rows: readonly EntityRows[];
  readonly faults: readonly ProjectionFault[];
}

const PAGE_SIZE = 500;

/** A page of entities behind this id, with their rows. `upto`: the last one's id; null: there is none behind them. */
export async function readPage(filling: Filling, tx: Sql, spec: ProjectionSpec, after: string) {
  const entities = await findEntities(tx, filling.domain.name, {}, { after, limit: PAGE_SIZE });
  const isLast = entities.length < PAGE_SIZE;
  return {
    ...rowsOf(filling, spec, entities),
    ids: entities.map(({ id }) => id),
    upto: isLast ? null : (entities.at(-1)?.id ?? null),
  };
}

export function rowsOf(filling: Filling, spec: ProjectionSpec, entities: readonly Entity[]): RowsOfEntities {
  const rows: EntityRows[] = [];
  const faults: ProjectionFault[] = [];
  for (const entity of entities) {
    const computed = rowsOfEntity(filling, spec, entity);
    if ("fault" in computed) faults.push({ ...entityOf(spec, entity.id), reason: computed.fault });
    else rows.push({ id: entity.id, rows: computed.rows });
  }
  return { rows, faults };
}

function rowsOfEntity({ domain, clock }: Filling, spec: ProjectionSpec, entity: Entity) {
  try {
    const loaded = loadEntity(domain, entity);
    return computeRows(spec, domain, loaded, () => clock.monotonicMs());
  } catch (error) {
    if (error instanceof UnreadableData) return { fault: `its entity can't be read: ${error.message}` };
    throw error;
  }
}

/** @param gone ids of entities that are not there any more */
export async function writeRows(
  { domain: { name }, clock }: Filling,
  tx: Sql,
  spec: ProjectionSpec,
  { rows, faults }: RowsOfEntities,
  gone: readonly string[] = [],
): Promise<void> {
  const without = [...rows.map(({ id }) => id), ...gone].map((id) => entityOf(spec, id));
  await Promise.all([
    ...sendRows(tx, spec, rows),
    ...removeRows(tx, spec, gone),
    ...removeFaults(tx, name, without),
    ...sendFaults(tx, name, faults, clock.wallMs()),
  ]);
}
