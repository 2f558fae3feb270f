import type { InventoryEntry, ReconciledBackend, Repair } from "../../core/drift.ts";
import type { Entity } from "../../core/entity.ts";
import { loadEntity, UnreadableData } from "../../core/entity-data.ts";
import { partitionOf } from "../../core/murmur2.ts";
import { intentSpecOf, repairsOf } from "../../core/reconcile.ts";
import { findEntitiesInStates, findIdsOutsideStates, readEntityRecords } from "../../stored/entities.ts";
import { groupBy } from "../group-by.ts";
import type { Partition } from "../partitions/partition.ts";
import { sleep, type ShellContext } from "../shell-context.ts";
import { withTimeout } from "../timeout.ts";

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

interface InventorySource {
  entriesOf(entityIds: readonly string[]): Promise<ReadonlyMap<string, readonly InventoryEntry[]>>;
  /** Entities that have entries; undefined when the backend can't list them. */
  readonly listedIds?: readonly string[];
}

/** One comparison of the entities of owned partitions with what the backend holds. */
interface ScanResult {
  readonly differences: DriftedEntity[];
  /** How many entries of the owned partitions' entities were compared. */
  entries: number;
}

/** Compares the entities of owned partitions with what one backend holds, a page at a time. */
export class DriftScan {
  readonly #context: ShellContext;
  readonly #reconciled: ReconciledBackend;
  readonly #isPending: (target: string) => boolean;
  readonly #liveStates: readonly string[];
  #endedCursor = "";

  constructor(context: ShellContext, reconciled: ReconciledBackend, isPending: (target: string) => boolean) {
    this.#context = context;
    this.#reconciled = reconciled;
    this.#isPending = isPending;
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
    const { partitionCount } = this.#context;
    const owned = new Set(this.#context.owned.keys());
    const result: ScanResult = { differences: [], entries: 0 };
    const live = new Set<string>();
    for (const number of owned)
      for await (const entities of this.#livePages(number)) {
        for (const { id } of entities) live.add(id);
        await this.#compare(source, entities, result);
      }
    const others =
      source.listedIds?.filter((id) => !live.has(id) && owned.has(partitionOf(id, partitionCount))) ??
      (await this.#nextEndedIds([...owned]));
    await this.#comparePages(source, others, result);
    return result;
  }

  /** Compares these entities with a newly read inventory. Throws as `scanAll`. */
  async rescan(entityIds: readonly string[]): Promise<ScanResult> {
    const result: ScanResult = { differences: [], entries: 0 };
    await this.#comparePages(await this.#readInventory(), entityIds, result);
    return result;
  }

  async #readInventory(): Promise<InventorySource> {
    const { inventory } = this.#reconciled;
    const read = async (call: (signal: AbortSignal) => Promise<readonly InventoryEntry[]>) =>
      groupBy(await withTimeout(this.#context.clock, READ_TIMEOUT_MS, call), ({ entityId }) => entityId);
    if (!("list" in inventory)) return { entriesOf: (ids) => read((signal) => inventory.find(ids, signal)) };
    const listed = await read((signal) => inventory.list(signal));
    return { entriesOf: () => Promise.resolve(listed), listedIds: [...listed.keys()] };
  }

  async *#livePages(partition: number): AsyncIterable<readonly Entity[]> {
    const { store, domain, clock } = this.#context;
    for (let after = ""; ;) {
      const page = { after, limit: PAGE_SIZE };
      const entities = await findEntitiesInStates(store, domain.name, partition, this.#liveStates, page);
      if (entities.length > 0) yield entities;
      if (entities.length < PAGE_SIZE) return;
      after = entities.at(-1)?.id ?? "";
      // Leaves the store to turns that wait for it.
      await sleep(clock, 1);
    }
  }

  async #nextEndedIds(numbers: readonly number[]): Promise<string[]> {
    const { store, domain } = this.#context;
    const page = { after: this.#endedCursor, limit: ENDED_MAX };
    const ids = await findIdsOutsideStates(store, domain.name, numbers, this.#liveStates, page);
    this.#endedCursor = ids.length < ENDED_MAX ? "" : (ids.at(-1) ?? "");
    return ids;
  }

  async #comparePages(source: InventorySource, entityIds: readonly string[], result: ScanResult): Promise<void> {
    const { store, domain, partitionCount } = this.#context;
    for (let i = 0; i < entityIds.length; i += PAGE_SIZE) {
      const page = entityIds.slice(i, i + PAGE_SIZE);
      const asked = page.map((id) => ({ id, partition: partitionOf(id, partitionCount) }));
      const records = await readEntityRecords(store, domain.name, asked);
      await this.#compare(
        source,
        records.map(({ entity }) => entity),
        result,
        page,
      );
    }
  }

  /** Adds to the result. @param entityIds some may have entries and no entity */
  async #compare(
    source: InventorySource,
    entities: readonly Entity[],
    result: ScanResult,
    entityIds = entities.map(({ id }) => id),
  ): Promise<void> {
    const { domain, owned, partitionCount } = this.#context;
    const held = await source.entriesOf(entityIds);
    const byId = new Map(entities.map((entity) => [entity.id, entity]));
    for (const entityId of entityIds) {
      const partition = owned.get(partitionOf(entityId, partitionCount));
      if (!partition) continue;
      const entity = this.#loaded(partition, byId.get(entityId));
      // What it should hold is not known.
      if (entity === "unreadable") continue;
      const entries = held.get(entityId) ?? [];
      result.entries += entries.length;
      const repairs = repairsOf(domain, this.#reconciled.backend, entity, entries);
      const targets = repairs.map(({ intent }) => intentSpecOf(domain, intent.type).target(intent.payload));
      // While an intent of a target is unfinished, the backend is about to change.
      if (repairs.length > 0 && !targets.some((target) => this.#isPending(target)))
        result.differences.push({ partition, entityId, entity, entries, repairs });
    }
  }

  #loaded(partition: Partition, entity: Entity | undefined): Entity | undefined | "unreadable" {
    const { domain, brokerClock, held } = this.#context;
    try {
      return entity && loadEntity(domain, entity);
    } catch (error) {
      if (!(error instanceof UnreadableData) || !entity) throw error;
      held.unreadable.add(partition, entity.id, error, brokerClock.nowMs());
      return "unreadable";
    }
  }
}
