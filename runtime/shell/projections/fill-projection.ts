import { canonicalJson } from "../../core/canonical-json.ts";
import { computeRows } from "../../core/computed-rows.ts";
import type { Domain } from "../../core/domain.ts";
import type { Entity } from "../../core/entity.ts";
import { loadEntity, UnreadableData } from "../../core/entity-data.ts";
import type { ProjectionSpec, Row } from "../../core/projection.ts";
import type { Sql, Store } from "../../ports/store.ts";
import { countEntities, findEntities } from "../../stored/entities.ts";
import { lockPartitions } from "../../stored/partition-owners.ts";
import { type ProjectionFault, removeFaults, sendFaults } from "../../stored/projection-faults.ts";
import { findLeftIds, readRowsOf, removeLeftRows } from "../../stored/projection-repair.ts";
import { lockProjection, writeFilledTo } from "../../stored/projection-tables.ts";
import { type EntityRows, sendRows } from "../../stored/projection-writes.ts";

const PAGE_SIZE = 500;

/** How many entities have their rows, of about how many. */
export interface FillProgress {
  readonly projection: string;
  readonly filled: number;
  readonly of: number;
}

/** What computes rows, and the clock that tells how long that takes. */
export interface Filling {
  readonly store: Store;
  readonly domain: Domain;
  readonly monotonicMs: () => number;
  /** Ms since the epoch. */
  readonly wallMs: () => number;
}

/** A page of entities with the rows that they should have. */
async function pageOf({ domain, monotonicMs }: Filling, tx: Sql, spec: ProjectionSpec, after: string) {
  const entities = await findEntities(tx, domain.name, {}, { after, limit: PAGE_SIZE });
  const rows: EntityRows[] = [];
  const faults: ProjectionFault[] = [];
  for (const entity of entities) {
    const computed = rowsOf(domain, spec, entity, monotonicMs);
    if ("fault" in computed) faults.push({ projection: spec.name, entityId: entity.id, reason: computed.fault });
    else rows.push({ id: entity.id, rows: computed.rows });
  }
  const isLast = entities.length < PAGE_SIZE;
  return { rows, faults, ids: entities.map(({ id }) => id), upto: isLast ? null : (entities.at(-1)?.id ?? null) };
}

function rowsOf(domain: Domain, spec: ProjectionSpec, entity: Entity, monotonicMs: () => number) {
  try {
    return computeRows(spec, domain, loadEntity(domain, entity), monotonicMs);
  } catch (error) {
    if (error instanceof UnreadableData) return { fault: `its entity can't be read: ${error.message}` };
    throw error;
  }
}

/** Writes a page's rows. */
async function writePage(filling: Filling, tx: Sql, spec: ProjectionSpec, after: string) {
  const page = await pageOf(filling, tx, spec, after);
  const { domain, wallMs } = filling;
  await Promise.all([
    ...sendRows(tx, spec, page.rows),
    ...removeFaults(
      tx,
      domain.name,
      page.rows.map(({ id }) => ({ projection: spec.name, entityId: id })),
    ),
    ...sendFaults(tx, domain.name, page.faults, wallMs()),
  ]);
  return page;
}

/**
 * Gives every entity its rows in a table that is new. Nobody serves the domain meanwhile. Several processes may do it
 * at the same time, and one that was interrupted is gone on with.
 */
export async function fillProjection(
  filling: Filling,
  spec: ProjectionSpec,
  onFilled: (progress: FillProgress) => void,
): Promise<void> {
  const { store, domain } = filling;
  const of = await countEntities(store, domain.name);
  for (let filled = 0; ;) {
    const page = await store.transaction(async (tx) => {
      const stored = await lockProjection(tx, spec);
      if (stored?.layout !== spec.layout || stored.version !== spec.version || stored.filledTo === null)
        return undefined;
      const written = await writePage(filling, tx, spec, stored.filledTo);
      await writeFilledTo(tx, spec, written.upto);
      return written;
    });
    if (!page) return;
    filled += page.ids.length;
    onFilled({ projection: spec.name, filled, of: Math.max(filled, of) });
  }
}

/**
 * Computes all rows anew while the domain is served: its turns wait for a page at a time.
 * @returns how many entities there are, and of how many the rows could not be had
 */
export async function rebuildProjection(filling: Filling, spec: ProjectionSpec) {
  const { store, domain } = filling;
  let [entities, faults] = [0, 0];
  for (let after: string | null = ""; after !== null;) {
    const begin: string = after;
    const page = await store.transaction(async (tx) => {
      await lockPartitions(tx, domain.name);
      return writePage(filling, tx, spec, begin);
    });
    entities += page.ids.length;
    faults += page.faults.length;
    after = page.upto;
  }
  await removeLeftRows(store, spec);
  return { entities, faults };
}

const DIFFERENCES_MAX = 1_000;

/** Entities of which the rows are others than their function makes. */
export interface RowDifference {
  readonly entity_id: string;
  readonly problem: string;
}

/**
 * Compares all rows with what their function makes of the entities, while turns go on.
 * @returns the first 1,000 differences, and how many entities were compared
 */
export async function verifyProjection(filling: Filling, spec: ProjectionSpec) {
  const differences: RowDifference[] = [];
  let entities = 0;
  for (let after: string | null = ""; after !== null && differences.length < DIFFERENCES_MAX;) {
    const begin: string = after;
    const { page, stored } = await filling.store.transaction(async (tx) => {
      // Entities and rows of one moment.
      await tx.query("set transaction isolation level repeatable read");
      const read = await pageOf(filling, tx, spec, begin);
      return { page: read, stored: await readRowsOf(tx, spec, read.ids) };
    });
    entities += page.ids.length;
    differences.push(...differencesIn(spec, page, stored));
    after = page.upto;
  }
  for (const id of await findLeftIds(filling.store, spec, DIFFERENCES_MAX))
    differences.push({ entity_id: id, problem: "there are rows, and no such entity" });
  return { entities, differences: differences.slice(0, DIFFERENCES_MAX) };
}

function* differencesIn(
  spec: ProjectionSpec,
  { rows, faults }: { readonly rows: readonly EntityRows[]; readonly faults: readonly ProjectionFault[] },
  stored: ReadonlyMap<string, readonly Row[]>,
): Iterable<RowDifference> {
  for (const { entityId, reason } of faults)
    yield { entity_id: entityId, problem: `its rows can't be computed: ${reason}` };
  for (const { id, rows: wanted } of rows) {
    const problem = differenceOf(spec, wanted, stored.get(id) ?? []);
    if (problem !== undefined) yield { entity_id: id, problem };
  }
}

function differenceOf(spec: ProjectionSpec, wanted: readonly Row[], found: readonly Row[]): string | undefined {
  const byKey = (each: readonly Row[]) =>
    new Map(each.map((row) => [JSON.stringify(spec.key.map((name) => row[name])), row]));
  const [want, have] = [byKey(wanted), byKey(found)];
  for (const [key, row] of want) {
    const other = have.get(key);
    if (!other) return `the row ${key} is missing`;
    // Of an object jsonb keeps no order of keys.
    const column = spec.columns.find(({ name }) => canonicalJson(row[name]) !== canonicalJson(other[name]));
    if (column) return `${column.name} of ${key} is ${shown(other[column.name])}, not ${shown(row[column.name])}`;
  }
  const extra = [...have.keys()].find((key) => !want.has(key));
  return extra === undefined ? undefined : `there is a row ${extra}`;
}

const shown = (value: unknown): string => canonicalJson(value).slice(0, 200);
