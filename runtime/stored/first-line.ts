import type { Sql } from "../ports/store.ts";
import { readEntityRecord } from "./entities.ts";
import { groupsBackwards, newestLineOf, positionOf } from "./entity-lines.ts";

/** Where what the journal has of an entity begins. */
interface FirstLine {
  readonly partition: number;
  readonly seq: number;
  /** The UTC day of its turn, as 2026-01-31. */
  readonly day: string;
  /** There were earlier ones: their days were dropped. */
  readonly isCut: boolean;
}

/**
 * The first line of an entity that is left; undefined: there is none. It is looked for from the newest one backwards.
 * @throws Fault JOURNAL_DAMAGED, as `groupsBackwards`
 */
export async function firstLineOf(
  { store, name }: { readonly store: Sql; readonly name: string },
  entityId: string,
): Promise<FirstLine | undefined> {
  const record = await readEntityRecord(store, name, entityId);
  if (!record) return undefined;
  const { partition } = record;
  let first: FirstLine | undefined;
  for await (const { head } of groupsBackwards(store, name, partition, entityId, newestLineOf(record)))
    first = { ...positionOf(head), partition, isCut: (head.prev ?? 0) > 0 };
  return first;
}
