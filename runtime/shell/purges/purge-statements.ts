import type { Domain } from "../../core/domain.ts";
import { isPurged } from "../../core/entity.ts";
import { utcDayOf } from "../../core/time.ts";
import type { Sql } from "../../ports/store.ts";
import { foundRow } from "../../stored/found-row.ts";
import { tombstoneKey } from "../../stored/tombstones.ts";
import { manyRows } from "../turns/many-rows.ts";
import type { ChangedEntity } from "../turns/changed-entity.ts";

const DAY_MS = 86_400_000;

/** A turn's entities, by what becomes of their rows. */
export interface EntityChanges {
  readonly updated: ChangedEntity[];
  readonly created: ChangedEntity[];
  readonly purged: ChangedEntity[];
  /** Purged ones that are back: also among `created`. */
  readonly returned: ChangedEntity[];
  /** Those that have a tombstone after the turn, which changes. */
  readonly left: ChangedEntity[];
}

export function entityChanges(entities: Iterable<ChangedEntity>): EntityChanges {
  const changes: EntityChanges = { updated: [], created: [], purged: [], returned: [], left: [] };
  for (const each of entities) {
    const { before, after } = each;
    const wasPurged = isPurged(before?.entity);
    if (isPurged(after.entity)) {
      changes.left.push(each);
      if (before && !wasPurged) changes.purged.push(each);
      continue;
    }
    if (before && !wasPurged) changes.updated.push(each);
    else changes.created.push(each);
    if (wasPurged) changes.returned.push(each);
  }
  return changes;
}

const deletionOf = (table: string) =>
  manyRows<ChangedEntity>(
    1,
    [
      ["partition", "int", ({ partition }) => partition.number],
      ["entity_id", "text", ({ after }) => after.entity.id],
    ],
    ({ found }) => `delete from ${table} e using ${found(table)} where e.ctid = found.place`,
  );
const deleteEntities = deletionOf("rollcall.entity");
const deleteData = deletionOf("rollcall.entity_data");

interface LeftEntity extends ChangedEntity {
  readonly key: string;
}
const KEY = ["key", "uuid", ({ key }: LeftEntity) => key] as const;
const deleteTombstones = manyRows<LeftEntity>(
  0,
  [KEY],
  ({ table }) =>
    `delete from rollcall.tombstone t using ${table}
       ${foundRow("rollcall.tombstone", "key = r.key")} where t.ctid = found.place`,
);
const upsertTombstones = manyRows<LeftEntity>(
  2,
  [
    KEY,
    ["seq", "bigint", ({ after }) => after.entity.seq],
    ["published_seq", "bigint", ({ after }) => after.entity.publishedSeq],
    ["ended_at", "timestamptz", ({ after }) => new Date(after.entity.endedAt ?? 0)],
    ["last_line", "bigint", ({ after }) => after.lastLine],
    ["last_line_on", "date", ({ after }) => utcDayOf(after.lastLineMs)],
  ],
  ({ names, table }) =>
    `insert into rollcall.tombstone (domain, drop_on, ${names}) select $1, $2::date, r.* from ${table}
     on conflict (key) do update set seq = excluded.seq, published_seq = excluded.published_seq,
       ended_at = excluded.ended_at, drop_on = excluded.drop_on,
       last_line = excluded.last_line, last_line_on = excluded.last_line_on`,
);

/**
 * Sends what a turn writes of entities that are purged, or were. A tombstone stays for its whole time from the last
 * line of its entity on: it goes with the day after that time.
 */
export function sendPurges(tx: Sql, domain: Domain, changes: EntityChanges, atMs: number): Promise<unknown>[] {
  const { purged, left, returned } = changes;
  const withKeys = (entities: readonly ChangedEntity[]): LeftEntity[] =>
    entities.map((each) => ({ ...each, key: tombstoneKey(domain.name, each.after.entity.id) }));
  return [
    ...deleteEntities(tx, purged, domain.name),
    ...deleteData(tx, purged, domain.name),
    ...upsertTombstones(tx, withKeys(left), domain.name, utcDayOf(atMs + (domain.tombstoneMs ?? 0) + DAY_MS)),
    ...deleteTombstones(tx, withKeys(returned)),
  ];
}
