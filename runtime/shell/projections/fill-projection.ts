import { Fault } from "../../core/fault.ts";
import type { ProjectionSpec } from "../../core/projection.ts";
import type { Sql } from "../../ports/store.ts";
import { countEntities, readEntities } from "../../stored/entities.ts";
import { readNextLines } from "../../stored/partition-owners.ts";
import {
  addFill,
  type Fill,
  lockFill,
  type NextLines,
  readNamedEntities,
  removeFill,
  writeFill,
} from "../../stored/projection-fills.ts";
import { lockTables, tableStatements, versionInUse } from "../../stored/projection-tables.ts";
import { type Filling, readPage, rowsOf, writeRows } from "./entity-rows.ts";

/** A table is filled while another version, or none, is in use: of how many entities it has the rows. */
export interface FillProgress {
  readonly projection: string;
  readonly version: number;
  readonly filled: number;
  /** About. */
  readonly of: number;
}

/** Entities that a round of catching up takes, a row of the journal more at the most; also the last round. */
const ROUND_MAX = 1_000;

/** Turns have changed more than the last round takes, or another process has begun the table anew. */
export class NotCaughtUp extends Error {
  constructor({ name, version }: ProjectionSpec) {
    super(`the rows of ${name} version ${version} are further behind than one round catches up with`);
  }
}

/** Makes the table, unless it is being filled already: what was filled before a crash is gone on with. */
export async function beginFill(tx: Sql, spec: ProjectionSpec): Promise<void> {
  // Another process may have put it in use meanwhile, or a higher one.
  if (((await versionInUse(tx, spec)) ?? 0) >= spec.version) return;
  const fill = await lockFill(tx, spec);
  if (fill?.layout === spec.layout) return;
  await beginAnew(tx, spec);
}

async function beginAnew(tx: Sql, spec: ProjectionSpec): Promise<void> {
  await removeFill(tx, spec);
  for (const statement of tableStatements(spec)) await tx.query(statement);
  await addFill(tx, spec, await nextLinesOf(tx, spec.domain));
}

const nextLinesOf = async (sql: Sql, domain: string): Promise<NextLines> =>
  Object.fromEntries((await readNextLines(sql, domain)).map(({ partition, nextLine }) => [partition, nextLine]));

/**
 * Gives every entity its rows in a table that nobody reads yet, while turns go on; then those that turns have changed
 * since, until one round is enough. Several processes may do it at the same time.
 * @param isCancelled asked between any two transactions
 * @returns whether it came to the end
 */
export async function fillProjection(
  filling: Filling,
  spec: ProjectionSpec,
  onFilled: (progress: FillProgress) => void,
  isCancelled: () => boolean,
): Promise<boolean> {
  const of = await countEntities(filling.store, filling.domain.name);
  let filled = 0;
  for (let isBegunAnew = false; !isCancelled();) {
    try {
      const part = await filling.store.transaction((tx) => fillPart(filling, tx, spec));
      filled += part.entities;
      if (part.entities > 0)
        onFilled({ projection: spec.name, version: spec.version, filled, of: Math.max(filled, of) });
      if (part.isLast) return true;
    } catch (error) {
      // Its lines were dropped with their days while it was left alone.
      if (isBegunAnew || !(error instanceof Fault && error.code === "JOURNAL_DAMAGED")) throw error;
      isBegunAnew = true;
      filled = 0;
      await filling.store.transaction(async (tx) => {
        await lockTables(tx);
        if (await lockFill(tx, spec)) await beginAnew(tx, spec);
      });
    }
  }
  return false;
}

/** A page of entities is copied; behind the last one, a round is caught up with. */
async function fillPart(
  filling: Filling,
  tx: Sql,
  spec: ProjectionSpec,
): Promise<{ readonly entities: number; readonly isLast: boolean }> {
  const fill = await lockFill(tx, spec);
  // Another process has finished it, or a higher version.
  if (fill?.layout !== spec.layout) return { entities: 0, isLast: true };
  if (fill.copiedTo === null) return catchUp(filling, tx, spec, fill);
  const page = await readPage(filling, tx, spec, fill.copiedTo);
  await writeRows(filling, tx, spec, page);
  await writeFill(tx, spec, { ...fill, copiedTo: page.upto });
  return { entities: page.ids.length, isLast: false };
}

/** Entities are read behind the lines that name them: what is committed later has later lines. */
async function catchUp(filling: Filling, tx: Sql, spec: ProjectionSpec, fill: Fill) {
  const to = await nextLinesOf(tx, spec.domain);
  const { ids, nextLines, isAll } = await readNamedEntities(tx, spec.domain, {
    ...{ from: fill.nextLines, to, entitiesMax: ROUND_MAX },
  });
  if (ids.size > 0) {
    const entities = await readEntities(tx, spec.domain, [...ids]);
    const there = new Set(entities.map(({ id }) => id));
    await writeRows(
      filling,
      tx,
      spec,
      rowsOf(filling, spec, entities),
      [...ids].filter((id) => !there.has(id)),
    );
  }
  await writeFill(tx, spec, { copiedTo: null, nextLines });
  return { entities: 0, isLast: isAll && ids.size < ROUND_MAX };
}

/**
 * The last round, in the transaction that puts the version in use: all partitions are locked, so no turn comes behind.
 * @throws NotCaughtUp: one round is not enough
 */
export async function finishFill(filling: Filling, tx: Sql, spec: ProjectionSpec): Promise<void> {
  const fill = await lockFill(tx, spec);
  if (fill?.layout !== spec.layout || fill.copiedTo !== null) throw new NotCaughtUp(spec);
  const { isLast } = await catchUp(filling, tx, spec, fill);
  if (!isLast) throw new NotCaughtUp(spec);
  await removeFill(tx, spec);
}
