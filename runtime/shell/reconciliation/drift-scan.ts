import type { InventoryEntry, ReconciledBackend, Repair } from "../../core/drift.ts";
import type { Entity } from "../../core/entity.ts";
import { partitionOf } from "../../core/murmur2.ts";
import { intentSpecOf, repairsOf } from "../../core/reconcile.ts";
import { groupBy } from "../group-by.ts";
import type { Partition } from "../partitions/partition.ts";
import { sleep, type ShellContext } from "../shell-context.ts";
import { withTimeout } from "../timeout.ts";
import { ENTITY_COLUMNS, type EntityRow, entityOf, readEntities } from "../turns/entity-row.ts";

const PAGE_SIZE = 500;
/** How many ended entities one comparison looks up in a backend that can't list its entries. */
const ENDED_MAX = 1_000;
/** How long a backend may take to read its inventory. */
const READ_TIMEOUT_MS = 10_000;

/** An entity whose backend differs from what it should hold. */
export interface DriftedEntity {
  readonly partition: Partition;
  readonly entityId: string;
  readonly entity: Entity | undefined;
  readonly entries: readonly InventoryEntry[];
  readonly repairs: readonly Repair[];
}

interface ScanResult {
  readonly differences: readonly DriftedEntity[];
  /** How many entries of the owned partitions' entities were compared. */
  readonly entries: number;
}

export interface ScanOptions {
  readonly partitions: () => readonly Partition[];
  readonly partitionCount: () => number;
  /** Whether an intent of the target is unfinished: then the backend is about to change. */
  readonly isPending: (target: string) => boolean;
}

interface InventorySource {
  entriesOf(entityIds: readonly string[]): Promise<ReadonlyMap<string, readonly InventoryEntry[]>>;
  /** Entities that have entries; empty when the backend can't list them. */
  readonly listedIds: readonly string[];
}

/** Compares the entities of owned partitions with what one backend holds, a page at a time. */
export class DriftScan {
  readonly #context: ShellContext;
  readonly #options: ScanOptions;
  readonly #reconciled: ReconciledBackend;
  readonly #liveStates: readonly string[];
  #endedCursor = "";

  constructor(context: ShellContext, options: ScanOptions, reconciled: ReconciledBackend) {
    this.#context = context;
    this.#options = options;
    this.#reconciled = reconciled;
    this.#liveStates = [...context.domain.orchestrator.states.values()].flatMap(({ name, terminal }) =>
      terminal ? [] : [name],
    );
  }

  /**
   * Compares all live entities and all listed entries. If the backend can't list its entries, the ended entities are
   * looked up in turn, some in each scan.
   * @throws Fault of the backend or of the store, retryable: nothing is known then
   */
  async scanAll(): Promise<ScanResult> {
    const source = await this.#readInventory();
    const owned = new Map(this.#options.partitions().map((partition) => [partition.number, partition]));
    const found: ScanResult[] = [];
    const live = new Set<string>();
    for (const partition of owned.values())
      for await (const rows of this.#livePages(partition)) {
        for (const { entity_id } of rows) live.add(entity_id);
        const ids = rows.map(({ entity_id }) => entity_id);
        found.push(await this.#compare(source, ids, rows));
      }
    const count = this.#options.partitionCount();
    const others = source.listedIds.filter((id) => !live.has(id) && owned.has(partitionOf(id, count)));
    if (!("list" in this.#reconciled.inventory)) others.push(...(await this.#nextEndedIds([...owned.keys()])));
    found.push(await this.#comparePages(source, others));
    return combineResults(found);
  }

  /** Compares these entities with a newly read inventory. Throws as `scanAll`. */
  async rescan(entityIds: readonly string[]): Promise<ScanResult> {
    return this.#comparePages(await this.#readInventory(), entityIds);
  }

  async #readInventory(): Promise<InventorySource> {
    const { inventory } = this.#reconciled;
    if (!("list" in inventory))
      return {
        entriesOf: async (ids) => byEntity(await this.#read((signal) => inventory.find(ids, signal))),
        listedIds: [],
      };
    const entriesById = byEntity(await this.#read((signal) => inventory.list(signal)));
    return { entriesOf: async () => entriesById, listedIds: [...entriesById.keys()] };
  }

  #read(read: (signal: AbortSignal) => Promise<readonly InventoryEntry[]>): Promise<readonly InventoryEntry[]> {
    return withTimeout(this.#context.clock, READ_TIMEOUT_MS, read);
  }

  async *#livePages({ number }: Partition): AsyncIterable<readonly EntityRow[]> {
    const { store, domain, clock } = this.#context;
    for (let after = ""; ;) {
      const rows = await store.query<EntityRow>(
        `select ${ENTITY_COLUMNS} from rollcall.entity
          where domain = $1 and partition = $2 and state = any($3::text[]) and entity_id > $4
          order by entity_id limit ${PAGE_SIZE}`,
        [domain.name, number, this.#liveStates, after],
      );
      if (rows.length > 0) yield rows;
      if (rows.length < PAGE_SIZE) return;
      after = rows.at(-1)?.entity_id ?? "";
      // Leaves the store to turns that wait for it.
      await sleep(clock, 1);
    }
  }

  async #nextEndedIds(numbers: readonly number[]): Promise<string[]> {
    const rows = await this.#context.store.query<{ entity_id: string }>(
      `select entity_id from rollcall.entity
        where domain = $1 and partition = any($2::int[]) and entity_id > $3
          and (state is null or state <> all($4::text[]))
        order by entity_id limit ${ENDED_MAX}`,
      [this.#context.domain.name, numbers, this.#endedCursor, this.#liveStates],
    );
    this.#endedCursor = rows.length < ENDED_MAX ? "" : (rows.at(-1)?.entity_id ?? "");
    return rows.map(({ entity_id }) => entity_id);
  }

  async #comparePages(source: InventorySource, entityIds: readonly string[]): Promise<ScanResult> {
    const { store, domain } = this.#context;
    const found: ScanResult[] = [];
    for (let i = 0; i < entityIds.length; i += PAGE_SIZE) {
      const page = entityIds.slice(i, i + PAGE_SIZE);
      found.push(await this.#compare(source, page, await readEntities(store, domain.name, page)));
    }
    return combineResults(found);
  }

  async #compare(
    source: InventorySource,
    entityIds: readonly string[],
    rows: readonly EntityRow[],
  ): Promise<ScanResult> {
    const held = await source.entriesOf(entityIds);
    const entities = new Map(rows.map((row) => [row.entity_id, entityOf(row)]));
    const owned = new Map(this.#options.partitions().map((partition) => [partition.number, partition]));
    const differences: DriftedEntity[] = [];
    let entries = 0;
    for (const entityId of entityIds) {
      const partition = owned.get(partitionOf(entityId, this.#options.partitionCount()));
      if (!partition) continue;
      const difference = this.#difference(partition, entityId, entities.get(entityId), held.get(entityId) ?? []);
      entries += difference.entries.length;
      if (difference.repairs.length > 0) differences.push(difference);
    }
    return { differences, entries };
  }

  /** Without repairs while an intent of one of their targets is unfinished. */
  #difference(
    partition: Partition,
    entityId: string,
    entity: Entity | undefined,
    held: readonly InventoryEntry[],
  ): DriftedEntity {
    const { domain } = this.#context;
    const repairs = repairsOf(domain, this.#reconciled.backend, entity, held);
    const targets = repairs.map(({ intent }) => intentSpecOf(domain, intent.type).target(intent.payload));
    const isChanging = targets.some((target) => this.#options.isPending(target));
    return { partition, entityId, entity, entries: held, repairs: isChanging ? [] : repairs };
  }
}

const combineResults = (found: readonly ScanResult[]): ScanResult => ({
  differences: found.flatMap(({ differences }) => differences),
  entries: found.reduce((sum, { entries }) => sum + entries, 0),
});

const byEntity = (entries: readonly InventoryEntry[]): Map<string, InventoryEntry[]> =>
  groupBy(entries, ({ entityId }) => entityId);
