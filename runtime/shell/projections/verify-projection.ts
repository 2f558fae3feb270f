import { canonicalJson } from "../../core/canonical-json.ts";
import type { ProjectionSpec, Row } from "../../core/projection.ts";
import { lockPartitions } from "../../stored/partition-owners.ts";
import { findLeftIds, readRowsOf, removeLeftRows } from "../../stored/projection-repair.ts";
import { type Filling, readPage, type RowsOfEntities, writeRows } from "./entity-rows.ts";

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
      const written = await readPage(filling, tx, spec, begin);
      await writeRows(filling, tx, spec, written);
      return written;
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
      const read = await readPage(filling, tx, spec, begin);
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
  { rows, faults }: RowsOfEntities,
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
