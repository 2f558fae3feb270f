import type { ConsumedTopic } from "../../core/domain.ts";
import { Fault } from "../../core/fault.ts";
import { derivedId } from "../../core/ids.ts";
import { readSeen } from "../../stored/seen.ts";
import type { DueDeadline } from "../deadlines/deadline-index.ts";
import type { Partition } from "../partitions/partition.ts";
import { groupBy } from "../group-by.ts";
import { backOffMs, type Failing, failingSince, sleep, type ShellContext } from "../shell-context.ts";
import { type EntityRecord, readEntityRecords } from "../../stored/entities.ts";
import type { InboxItem } from "./inbox.ts";
import { IntentsBefore } from "./intents-before.ts";
import { InternedValues } from "./interned-values.ts";
import { readItems, type WorkItem } from "./read-items.ts";
import { TurnPlan } from "./turn-plan.ts";
import { TurnSpans } from "./turn-spans.ts";
import { commitTurn, PartitionsLost } from "./turn-writer.ts";

interface TurnHooks {
  /** The plan is durable: the effects, publishes and deadlines that it asks for may begin. */
  onCommitted(plan: TurnPlan): void;
  /** Service was interrupted after this deadline fired and before its turn was committed: it must fire again later. */
  onOutdatedFiring(due: DueDeadline): void;
  /** Every item of a turn is committed, or its partition is lost. */
  onFinished(items: readonly InboxItem[]): void;
}

/**
 * The part of a plan that the next turn can be planned on before this one is committed. Not the whole plan: plans that
 * refer to their base would keep all earlier plans in memory.
 */
type TurnBase = Pick<TurnPlan, "entities" | "seen" | "cursors" | "intents" | "settled" | "parked">;

/** Runs turns: reads their items, loads entities, takes the steps, commits. One commit at a time, in order. */
export class TurnRunner {
  readonly #context: ShellContext;
  readonly #consumedByTopic: ReadonlyMap<string, readonly ConsumedTopic[]>;
  readonly #hooks: TurnHooks;
  readonly #refusedByStore = new Map<InboxItem, string>();
  readonly #internedValues = new InternedValues();
  #committing: { readonly base: TurnBase; readonly committedAsPlanned: Promise<boolean> } | undefined;
  #turnsInProgress = 0;
  #commits = 0;
  /** Monotonic ms. */
  #storeFailedAtMs = Number.NEGATIVE_INFINITY;
  #committedAtMs = Number.NEGATIVE_INFINITY;
  /** Since the first of the failed tries after which none succeeded. */
  #failing: Failing | undefined;

  constructor(context: ShellContext, hooks: TurnHooks) {
    this.#context = context;
    this.#consumedByTopic = groupBy(context.domain.consumed, ({ topic }) => topic);
    this.#hooks = hooks;
  }

  get isBusy(): boolean {
    return this.#turnsInProgress > 0;
  }

  /** Since the last commit that succeeded, in ms; and for how long every try since then has failed, with the reason. */
  get commits() {
    const nowMs = this.#context.clock.monotonicMs();
    const failing = this.#failing && { forMs: nowMs - this.#failing.sinceMs, reason: this.#failing.reason };
    return { lastMs: nowMs - this.#committedAtMs, failing };
  }

  /**
   * Plans a turn while the last one is still being committed, then begins its commit once that one is durable. A plan
   * is made again when the turn that it builds on was not committed as planned. Resolves when the commit has begun.
   */
  async runTurn(items: readonly InboxItem[]): Promise<void> {
    this.#turnsInProgress++;
    const base = this.#committing;
    const planned = await this.#plan(items, base?.base).catch(() => undefined);
    const isBaseDurable = base === undefined || (await base.committedAsPlanned);
    this.#committing = undefined;
    const isCurrent = planned && isBaseDurable && items.every(({ partition }) => !partition.isLost);
    const asPlanned = this.#commitUntilDone(items, isCurrent ? planned : undefined).catch((error: unknown) => {
      this.#context.onFatal(error);
      return false;
    });
    if (isCurrent) {
      const { entities, seen, cursors, intents, settled, parked } = planned;
      const next = { entities, seen, cursors, intents, settled, parked };
      this.#committing = { base: next, committedAsPlanned: asPlanned };
    } else await asPlanned;
  }

  /** Resolves when no commit is running. */
  async idle(): Promise<void> {
    await this.#committing?.committedAsPlanned;
    this.#committing = undefined;
  }

  /** Ends when each item is committed or its partition lost. @returns whether `plan` was committed as it was given */
  async #commitUntilDone(items: readonly InboxItem[], plan: TurnPlan | undefined): Promise<boolean> {
    const startedMs = this.#context.clock.monotonicMs();
    const unfinished = new Set(items);
    let committedAsPlanned = plan !== undefined;
    for (let next = plan, failures = 0; ; next = undefined) {
      if (this.#returnOutdatedFirings(unfinished)) {
        next = undefined;
        committedAsPlanned = false;
      }
      const current = [...unfinished].filter(({ partition }) => !partition.isLost);
      if (current.length === 0) break;
      try {
        await this.#commitTurn(current, unfinished, next);
        if (unfinished.size > 0) committedAsPlanned = false;
      } catch (error) {
        committedAsPlanned = false;
        if (error instanceof PartitionsLost) this.#context.onPartitionsLost(error.partitions);
        else if (error instanceof Fault && error.retryable) {
          this.#context.observe({ kind: "unreachable", part: "store", error: String(error) });
          this.#storeFailedAtMs = this.#context.clock.monotonicMs();
          this.#failing = failingSince(this.#failing, error, this.#storeFailedAtMs);
          await sleep(this.#context.clock, backOffMs(++failures));
        } else throw error;
      }
    }
    const durationMs = this.#context.clock.monotonicMs() - startedMs;
    this.#context.observe({ kind: "turn", messages: items.length, durationMs });
    this.#turnsInProgress--;
    this.#hooks.onFinished(items);
    return committedAsPlanned;
  }

  /**
   * Takes out deadlines that fired before an interruption of service: messages that would have renewed them could not
   * arrive.
   * @returns whether there were any
   */
  #returnOutdatedFirings(unfinished: Set<InboxItem>): boolean {
    const { size } = unfinished;
    for (const item of unfinished) {
      if (item.kind !== "deadline" || item.firedAtMs >= Math.max(this.#storeFailedAtMs, item.partition.resumedAtMs))
        continue;
      unfinished.delete(item);
      this.#hooks.onOutdatedFiring(item.due);
    }
    return unfinished.size < size;
  }

  /** Commits the items as one turn. When the store refuses their data, in halves, down to the one that it refuses. */
  async #commitTurn(items: readonly InboxItem[], unfinished: Set<InboxItem>, planned?: TurnPlan): Promise<void> {
    const plan = planned ?? (await this.#plan(items));
    try {
      this.#context.failpoint("C1");
      if (plan.cursors.size > 0)
        await commitTurn(this.#context, plan, derivedId("turn", this.#context.owner, ++this.#commits));
    } catch (error) {
      if (!(error instanceof Fault) || error.code !== "STORE_REFUSED") throw error;
      return this.#commitInHalves(items, unfinished, error);
    }
    this.#context.failpoint("C4");
    this.#committedAtMs = this.#context.clock.monotonicMs();
    this.#failing = undefined;
    plan.spans?.end();
    for (const item of items) {
      unfinished.delete(item);
      this.#refusedByStore.delete(item);
    }
    this.#hooks.onCommitted(plan);
  }

  async #commitInHalves(items: readonly InboxItem[], unfinished: Set<InboxItem>, refusal: Fault): Promise<void> {
    const [only] = items;
    if (items.length === 1 && only) {
      if (this.#refusedByStore.has(only)) throw refusal;
      this.#refusedByStore.set(only, `the store refuses it: ${refusal.message}`);
      return this.#commitTurn(items, unfinished);
    }
    const half = items.length >> 1;
    await this.#commitTurn(items.slice(0, half), unfinished);
    await this.#commitTurn(items.slice(half), unfinished);
  }

  async #plan(items: readonly InboxItem[], base?: TurnBase): Promise<TurnPlan> {
    const { domain, brokerClock, tracing, partitionCount } = this.#context;
    const work = readItems(domain, this.#consumedByTopic, partitionCount, items, this.#refusedByStore);
    const [entities, seen] = await Promise.all([this.#loadEntities(work), this.#loadSeen(work)]);
    const intentsBefore = new IntentsBefore(base);
    const loaded = {
      entity: (id: string) => base?.entities.get(id)?.after ?? entities.get(id),
      openIntents: (partition: Partition, entityId: string) => intentsBefore.ofEntity(partition, entityId),
      seen: (key: string) => seen.has(key) || base?.seen.has(key) === true,
      cursorsOf: (partition: Partition) => base?.cursors.get(partition) ?? partition,
      internedValues: this.#internedValues,
    };
    const plan = new TurnPlan(domain, loaded, brokerClock.nowMs(), tracing && new TurnSpans(tracing));
    for (const each of work) plan.add(each);
    intentsBefore.movePendingSeqs(plan);
    return plan;
  }

  /** The cache is read once per entity, since a commit that ends meanwhile may evict what was there. */
  async #loadEntities(work: readonly WorkItem[]): Promise<Map<string, EntityRecord>> {
    const found = new Map<string, EntityRecord>();
    const missing = new Map<string, number>();
    for (const each of work) {
      const entityId = entityIdOf(each);
      if (entityId === undefined) continue;
      const { entities, number } = each.item.partition;
      const cached = entities.get(entityId);
      if (cached) found.set(entityId, cached);
      else missing.set(entityId, number);
    }
    if (missing.size === 0) return found;
    const { store, domain } = this.#context;
    const asked = [...missing].map(([id, partition]) => ({ id, partition }));
    for (const record of await readEntityRecords(store, domain.name, asked))
      found.set(record.entity.id, { ...record, entity: this.#internedValues.internEntity(record.entity) });
    return found;
  }

  #loadSeen(work: readonly WorkItem[]): Promise<Set<string>> {
    const keys = work.flatMap((each) => (each.kind === "step" && each.dedupeKey !== undefined ? [each.dedupeKey] : []));
    return readSeen(this.#context.store, keys);
  }
}

/** The entity that a step or the end of an intent is about. */
function entityIdOf(work: WorkItem): string | undefined {
  if (work.kind === "step") return work.message.entityId;
  return work.kind === "bookkeeping" && work.item.kind === "settled" ? work.item.intent.entityId : undefined;
}
