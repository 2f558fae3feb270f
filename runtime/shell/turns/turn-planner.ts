import type { ConsumedTopic } from "../../core/domain.ts";
import type { Entity } from "../../core/entity.ts";
import { loadEntity, UnreadableData } from "../../core/entity-data.ts";
import { type EntityRecord, readEntityRecords } from "../../stored/entities.ts";
import { readSeen } from "../../stored/seen.ts";
import { readPurgedEntities } from "../../stored/tombstones.ts";
import { groupBy } from "../group-by.ts";
import { projectTurn } from "../projections/projected-turn.ts";
import { logsOf, TurnLogs } from "../projections/turn-logs.ts";
import type { Partition } from "../partitions/partition.ts";
import type { ShellContext } from "../shell-context.ts";
import { holdUnreadable } from "./hold-unreadable.ts";
import type { InboxItem } from "./inbox.ts";
import { IntentsBefore } from "./intents-before.ts";
import { InternedValues } from "./interned-values.ts";
import { doorKeyIdsOf, entityIdOf, readItems, type RecordItem, type WorkItem } from "./read-items.ts";
import { TurnPlan } from "./turn-plan.ts";
import { TurnSpans } from "./turn-spans.ts";

/**
 * The part of a plan that the next turn can be planned on before this one is committed. Not the whole plan: plans that
 * refer to their base would keep all earlier plans in memory.
 */
export type TurnBase = Pick<TurnPlan, "entities" | "seen" | "cursors" | "intents" | "settled" | "parked"> & {
  readonly logged: TurnLogs["taken"] | undefined;
};

/** Reads the items of turns, loads their entities and takes their steps. */
export class TurnPlanner {
  readonly #context: ShellContext;
  readonly #consumedByTopic: ReadonlyMap<string, readonly ConsumedTopic[]>;
  /** Records of which the store refuses what they lead to, with its words. */
  readonly #refused: ReadonlyMap<RecordItem, string>;
  readonly #internedValues = new InternedValues();
  readonly #hasLogs: boolean;
  readonly #monotonicMs = (): number => this.#context.clock.monotonicMs();

  constructor(context: ShellContext, refused: ReadonlyMap<RecordItem, string>) {
    this.#context = context;
    this.#consumedByTopic = groupBy(context.domain.consumed, ({ topic }) => topic);
    this.#refused = refused;
    this.#hasLogs = logsOf(context.domain).length > 0;
  }

  /** @param base what the turn before this one leaves, which is not committed yet */
  async plan(items: readonly InboxItem[], base?: TurnBase): Promise<TurnPlan> {
    const { domain, brokerClock, doorKeys, tracing, partitionCount } = this.#context;
    const { unreadable } = this.#context.held;
    const keyIds = doorKeyIdsOf(items);
    if (keyIds.length > 0) await doorKeys.prepare(keyIds);
    const read = readItems(domain, this.#consumedByTopic, partitionCount, items, this.#refused, doorKeys.known);
    const [entities, seen] = await Promise.all([this.#loadEntities(read), this.#loadSeen(read)]);
    const entityOf = (id: string): EntityRecord | undefined => {
      const changed = base?.entities.get(id);
      // A partition that was lost and is here again may have been another process's in between.
      return changed && !changed.partition.isLost ? changed.after : entities.get(id);
    };
    const isUnreadable = (id: string): boolean => unreadable.has(id) && !entityOf(id);
    const { work, held } =
      unreadable.size === 0 ? { work: read, held: [] } : holdUnreadable(read, isUnreadable, unreadable);
    const intentsBefore = new IntentsBefore(base);
    const loaded = {
      entity: entityOf,
      openIntents: (partition: Partition, entityId: string) => intentsBefore.ofEntity(partition, entityId),
      seen: (key: string) => seen.has(key) || base?.seen.has(key) === true,
      cursorsOf: (partition: Partition) => base?.cursors.get(partition) ?? partition,
      internedValues: this.#internedValues,
    };
    const logs = this.#hasLogs ? new TurnLogs(domain, base?.logged, this.#monotonicMs) : undefined;
    const plan = new TurnPlan(domain, loaded, brokerClock.nowMs(), tracing && new TurnSpans(tracing), logs);
    plan.held = held;
    for (const each of work) plan.add(each);
    intentsBefore.movePendingSeqs(plan);
    plan.movePublishedSeqs();
    if (domain.projections.length > 0)
      plan.projected = projectTurn(domain, plan.entities.values(), logs, this.#monotonicMs);
    return plan;
  }

  /** The cache is read once per entity, since a commit that ends meanwhile may evict what was there. */
  async #loadEntities(work: readonly WorkItem[]): Promise<Map<string, EntityRecord>> {
    const found = new Map<string, EntityRecord>();
    const missing = new Map<string, Partition>();
    const find = (entityId: string, partition: Partition): void => {
      const cached = partition.entities.get(entityId);
      if (cached) found.set(entityId, cached);
      else missing.set(entityId, partition);
    };
    for (const each of work) {
      const { item } = each;
      const entityId = entityIdOf(each);
      if (entityId !== undefined) find(entityId, item.partition);
      else if (item.kind === "parked")
        for (const { intent, isFirstNotYet } of item.intents) if (isFirstNotYet) find(intent.entityId, item.partition);
    }
    if (missing.size === 0) return found;
    const { store, domain } = this.#context;
    const asked = [...missing].map(([id, { number: partition }]) => ({ id, partition }));
    const unknown = new Set(missing.keys());
    for (const record of await readEntityRecords(store, domain.name, asked)) {
      unknown.delete(record.entity.id);
      const entity = this.#loaded(record, missing.get(record.entity.id));
      if (entity) found.set(entity.id, { ...record, entity });
    }
    const ids = [...unknown].filter((id) => missing.get(id)?.hasTombstones);
    if (ids.length === 0) return found;
    for (const record of await readPurgedEntities(store, domain, ids)) found.set(record.entity.id, record);
    return found;
  }

  /** An entity's data is brought into the code's version where it is read, and nowhere else. */
  #loaded({ entity }: EntityRecord, partition: Partition | undefined): Entity | undefined {
    const { domain, brokerClock, held } = this.#context;
    try {
      const loaded = loadEntity(domain, entity);
      if (held.unreadable.delete(entity.id)) held.retryReadable();
      return this.#internedValues.internEntity(loaded);
    } catch (error) {
      if (!(error instanceof UnreadableData) || !partition) throw error;
      held.unreadable.add(partition, entity.id, error, brokerClock.nowMs());
      return undefined;
    }
  }

  #loadSeen(work: readonly WorkItem[]): Promise<Set<string>> {
    const keys = work.flatMap((each) => (each.kind === "step" && each.dedupeKey !== undefined ? [each.dedupeKey] : []));
    return readSeen(this.#context.store, keys);
  }
}
