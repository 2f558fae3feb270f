import type { HeldEntry, Reconciled, Repair } from "../../core/drift.ts";
import type { Entity } from "../../core/entity.ts";
import { partitionOf } from "../../core/murmur2.ts";
import { intentSpecOf, repairsOf } from "../../core/reconcile.ts";
import { ENTITY_COLUMNS, type EntityRow, entityOf } from "../turns/entity-row.ts";
import { pause, type ShellParts } from "../shell-context.ts";
import type { Partition } from "../partitions/partition.ts";

const PAGE = 500;
/** Ended entities that a backend without a list is asked for in one comparison; the next ones in the next. */
const ENDED_MAX = 1_000;
/** How long a backend may take to tell what it holds. */
const READ_MS = 10_000;

/** An entity whose backend differs from what it should hold. */
export interface Difference {
  readonly partition: Partition;
  readonly entityId: string;
  readonly entity: Entity | undefined;
  readonly held: readonly HeldEntry[];
  readonly repairs: readonly Repair[];
}

interface Scanned {
  readonly differences: readonly Difference[];
  /** Entries of the owned partitions' entities that were looked at. */
  readonly entries: number;
}

export interface ScanOptions {
  readonly partitions: () => readonly Partition[];
  readonly partitionCount: () => number;
  /** Whether an intent of the target is under way: then what the backend holds is about to change. */
  readonly isPending: (target: string) => boolean;
}

interface Source {
  of(entityIds: readonly string[]): Promise<ReadonlyMap<string, readonly HeldEntry[]>>;
  /** Entities that have entries, where the backend can tell. */
  readonly listed: readonly string[];
}

/** Compares the entities of owned partitions, a page at a time, with what one backend holds. */
export class DriftScan {
  readonly #parts: ShellParts;
  readonly #options: ScanOptions;
  readonly #reconciled: Reconciled;
  readonly #live: readonly string[];
  #endedAfter = "";

  constructor(parts: ShellParts, options: ScanOptions, reconciled: Reconciled) {
    this.#parts = parts;
    this.#options = options;
    this.#reconciled = reconciled;
    this.#live = [...parts.domain.orchestrator.states.values()].flatMap(({ name, terminal }) =>
      terminal ? [] : [name],
    );
  }

  /**
   * Every live entity, every entry of an entity that is not live, and in turn the ended ones.
   * @throws Fault of the backend or of the store, retryable: nothing is known then
   */
  async all(): Promise<Scanned> {
    const source = await this.#open();
    const owned = new Map(this.#options.partitions().map((partition) => [partition.number, partition]));
    const found: Scanned[] = [];
    const live = new Set<string>();
    for (const partition of owned.values())
      for await (const rows of this.#livePages(partition)) {
        for (const { entity_id } of rows) live.add(entity_id);
        found.push(
          await this.#compare(
            source,
            rows.map(({ entity_id }) => entity_id),
            rows,
          ),
        );
      }
    const count = this.#options.partitionCount();
    const others = source.listed.filter((id) => !live.has(id) && owned.has(partitionOf(id, count)));
    if (!("list" in this.#reconciled.holdings)) others.push(...(await this.#ended([...owned.keys()])));
    for (let i = 0; i < others.length; i += PAGE) found.push(await this.#look(source, others.slice(i, i + PAGE)));
    return together(found);
  }

  /** These entities, with a fresh look at the backend. Throws as `all`. */
  async again(entityIds: readonly string[]): Promise<Scanned> {
    const source = await this.#open();
    const found: Scanned[] = [];
    for (let i = 0; i < entityIds.length; i += PAGE) found.push(await this.#look(source, entityIds.slice(i, i + PAGE)));
    return together(found);
  }

  async #open(): Promise<Source> {
    const { holdings } = this.#reconciled;
    if (!("list" in holdings))
      return { of: async (ids) => grouped(await this.#read((signal) => holdings.find(ids, signal))), listed: [] };
    const all = grouped(await this.#read((signal) => holdings.list(signal)));
    return { of: async () => all, listed: [...all.keys()] };
  }

  /** A backend that does not answer must not hold up the comparison for ever. */
  async #read(read: (signal: AbortSignal) => Promise<readonly HeldEntry[]>): Promise<readonly HeldEntry[]> {
    const abort = new AbortController();
    let cancel = (): void => {};
    const late = new Promise<never>((_, reject) => {
      cancel = this.#parts.clock.after(READ_MS, () => {
        abort.abort();
        reject(new Error(`${this.#reconciled.backend} did not tell within ${READ_MS} ms what it holds`));
      });
    });
    return Promise.race([read(abort.signal), late]).finally(() => cancel());
  }

  async *#livePages({ number }: Partition): AsyncIterable<readonly EntityRow[]> {
    const { store, domain, clock } = this.#parts;
    for (let after = ""; ;) {
      const rows = await store.query<EntityRow>(
        `select ${ENTITY_COLUMNS} from rollcall.entity
          where domain = $1 and partition = $2 and state = any($3::text[]) and entity_id > $4
          order by entity_id limit ${PAGE}`,
        [domain.name, number, this.#live, after],
      );
      if (rows.length > 0) yield rows;
      if (rows.length < PAGE) return;
      after = rows.at(-1)?.entity_id ?? "";
      // Turns come first.
      await pause(clock, 1);
    }
  }

  async #ended(numbers: readonly number[]): Promise<string[]> {
    const rows = await this.#parts.store.query<{ entity_id: string }>(
      `select entity_id from rollcall.entity
        where domain = $1 and partition = any($2::int[]) and entity_id > $3
          and (state is null or state <> all($4::text[]))
        order by entity_id limit ${ENDED_MAX}`,
      [this.#parts.domain.name, numbers, this.#endedAfter, this.#live],
    );
    this.#endedAfter = rows.length < ENDED_MAX ? "" : (rows.at(-1)?.entity_id ?? "");
    return rows.map(({ entity_id }) => entity_id);
  }

  async #look(source: Source, entityIds: readonly string[]): Promise<Scanned> {
    const rows = await this.#parts.store.query<EntityRow>(
      `select ${ENTITY_COLUMNS} from rollcall.entity where domain = $1 and entity_id = any($2::text[])`,
      [this.#parts.domain.name, entityIds],
    );
    return this.#compare(source, entityIds, rows);
  }

  async #compare(source: Source, entityIds: readonly string[], rows: readonly EntityRow[]): Promise<Scanned> {
    const held = await source.of(entityIds);
    const entities = new Map(rows.map((row) => [row.entity_id, entityOf(row)]));
    const owned = new Map(this.#options.partitions().map((partition) => [partition.number, partition]));
    const differences: Difference[] = [];
    let entries = 0;
    for (const entityId of entityIds) {
      const partition = owned.get(partitionOf(entityId, this.#options.partitionCount()));
      if (!partition) continue;
      const difference = this.#difference(partition, entityId, entities.get(entityId), held.get(entityId) ?? []);
      entries += difference.held.length;
      if (difference.repairs.length > 0) differences.push(difference);
    }
    return { differences, entries };
  }

  /** None while an intent of it is under way. */
  #difference(
    partition: Partition,
    entityId: string,
    entity: Entity | undefined,
    held: readonly HeldEntry[],
  ): Difference {
    const { domain } = this.#parts;
    const repairs = repairsOf(domain, this.#reconciled.backend, entity, held);
    const targets = repairs.map(({ intent }) => intentSpecOf(domain, intent.type).target(intent.payload));
    const isMoving = targets.some((target) => this.#options.isPending(target));
    return { partition, entityId, entity, held, repairs: isMoving ? [] : repairs };
  }
}

const together = (found: readonly Scanned[]): Scanned => ({
  differences: found.flatMap(({ differences }) => differences),
  entries: found.reduce((sum, { entries }) => sum + entries, 0),
});

function grouped(entries: readonly HeldEntry[]): Map<string, HeldEntry[]> {
  const found = new Map<string, HeldEntry[]>();
  for (const entry of entries) {
    const known = found.get(entry.entityId);
    if (known) known.push(entry);
    else found.set(entry.entityId, [entry]);
  }
  return found;
}
