import type { ConsumedTopic } from "../../core/domain.ts";
import type { Entity } from "../../core/entity.ts";
import { Fault } from "../../core/fault.ts";
import { derivedId } from "../../core/ids.ts";
import { ENTITY_COLUMNS, type EntityRow, entityOf } from "./entity-row.ts";
import type { Due } from "../deadlines/deadline-index.ts";
import type { Item } from "./inbox.ts";
import { readItems, type Work } from "./read-items.ts";
import { Ledger, PartitionsLost } from "./turn-writer.ts";
import { backOffMs, pause, type ShellParts } from "../shell-context.ts";
import type { Partition } from "../partitions/partition.ts";
import { SharedValues } from "./interned-values.ts";
import { TurnPlan } from "./turn-plan.ts";
import { TurnSpans } from "./turn-spans.ts";

/** What a taker tells its owner. */
export interface TurnHooks {
  /** A plan is durable: whatever it asks for may begin. */
  committed(plan: TurnPlan): void;
  /** Service was interrupted before this firing was committed: it may have to wait for its grace. */
  overtaken(due: Due): void;
  /** The items of a turn are dealt with: committed, or of partitions that are lost. */
  taken(items: readonly Item[]): void;
  /** Another process owns these partitions. */
  lost(partitions: readonly Partition[]): void;
  /** A defect: nothing can go on. */
  failed(error: unknown): void;
}

/**
 * What a turn leaves to the next. Not the plan itself: it knows its own base, and so each would keep all before it
 * alive.
 */
type Base = Pick<TurnPlan, "entities" | "seen" | "shares">;

/** Takes turns: read, load, step, commit; then tells what was committed. One commit at a time, in order. */
export class TurnTaker {
  readonly #parts: ShellParts;
  readonly #ledger: Ledger;
  readonly #consumedBy: ReadonlyMap<string, ConsumedTopic>;
  readonly #hooks: TurnHooks;
  readonly #refused = new Map<Item, string>();
  readonly #values = new SharedValues();
  #committing: { readonly after: Base; readonly asPlanned: Promise<boolean> } | undefined;
  #underWay = 0;
  #commits = 0;
  /** Monotonic: when the store last failed. */
  #troubledMs = Number.NEGATIVE_INFINITY;
  partitions = 0;

  constructor(parts: ShellParts, hooks: TurnHooks) {
    this.#parts = parts;
    this.#ledger = new Ledger(parts);
    this.#consumedBy = new Map(parts.domain.consumed.map((consumed) => [consumed.topic, consumed]));
    this.#hooks = hooks;
  }

  get isBusy(): boolean {
    return this.#underWay > 0;
  }

  /**
   * Plans a turn, on top of the one that is being committed if there is one, and begins its commit when that one is
   * durable. Returns when the commit has begun; a plan whose base did not commit as planned is made anew.
   */
  async take(items: readonly Item[]): Promise<void> {
    this.#underWay++;
    const base = this.#committing;
    const planned = await this.#plan(items, base?.after).catch(() => undefined);
    const isBaseDurable = base === undefined || (await base.asPlanned);
    this.#committing = undefined;
    const isCurrent = planned && isBaseDurable && items.every(({ partition }) => !partition.lost);
    const asPlanned = this.#finish(items, isCurrent ? planned : undefined).catch((error: unknown) => {
      this.#hooks.failed(error);
      return false;
    });
    if (isCurrent)
      this.#committing = {
        after: { entities: planned.entities, seen: planned.seen, shares: planned.shares },
        asPlanned,
      };
    else await asPlanned;
  }

  /** Resolves when no commit is under way. */
  async idle(): Promise<void> {
    await this.#committing?.asPlanned;
    this.#committing = undefined;
  }

  /** Until each item is committed or its partition is lost. @returns whether the plan given was committed at once */
  async #finish(items: readonly Item[], plan: TurnPlan | undefined): Promise<boolean> {
    const startedMs = this.#parts.clock.monotonicMs();
    const open = new Set(items);
    let asPlanned = plan !== undefined;
    for (let next = plan, failures = 0; ; next = undefined) {
      if (this.#giveBackOvertaken(open)) {
        next = undefined;
        asPlanned = false;
      }
      const current = [...open].filter(({ partition }) => !partition.lost);
      if (current.length === 0) break;
      try {
        await this.#settle(current, open, next);
        if (open.size > 0) asPlanned = false;
      } catch (error) {
        asPlanned = false;
        if (error instanceof PartitionsLost) this.#hooks.lost(error.partitions);
        else if (error instanceof Fault && error.retryable) {
          this.#parts.observe({ kind: "trouble", part: "store", error: String(error) });
          this.#troubledMs = this.#parts.clock.monotonicMs();
          await pause(this.#parts.clock, backOffMs(++failures));
        } else throw error;
      }
    }
    const durationMs = this.#parts.clock.monotonicMs() - startedMs;
    this.#parts.observe({ kind: "turn", messages: items.length, durationMs });
    this.#underWay--;
    this.#hooks.taken(items);
    return asPlanned;
  }

  /**
   * Firings from before an interruption: what would have come meanwhile could not come. @returns whether there were any
   */
  #giveBackOvertaken(open: Set<Item>): boolean {
    const { size } = open;
    for (const item of open) {
      if (item.kind !== "deadline" || item.firedAtMs >= Math.max(this.#troubledMs, item.partition.resumedAtMs))
        continue;
      open.delete(item);
      this.#hooks.overtaken(item.due);
    }
    return open.size < size;
  }

  /** One turn over the items; by halves when the store refuses the data, down to the one that it refuses. */
  async #settle(items: readonly Item[], open: Set<Item>, planned?: TurnPlan): Promise<void> {
    const plan = planned ?? (await this.#plan(items));
    try {
      this.#parts.failpoint("C1");
      if (plan.shares.size > 0) await this.#ledger.commit(plan, derivedId("turn", this.#parts.owner, ++this.#commits));
    } catch (error) {
      if (!(error instanceof Fault) || error.code !== "STORE_REFUSED") throw error;
      return this.#settleApart(items, open, error);
    }
    this.#parts.failpoint("C4");
    plan.spans?.end();
    for (const item of items) {
      open.delete(item);
      this.#refused.delete(item);
    }
    this.#hooks.committed(plan);
  }

  async #settleApart(items: readonly Item[], open: Set<Item>, refusal: Fault): Promise<void> {
    const [only] = items;
    if (items.length === 1 && only) {
      if (this.#refused.has(only)) throw refusal;
      this.#refused.set(only, `the store refuses it: ${refusal.message}`);
      return this.#settle(items, open);
    }
    const half = items.length >> 1;
    await this.#settle(items.slice(0, half), open);
    await this.#settle(items.slice(half), open);
  }

  async #plan(items: readonly Item[], base?: Base): Promise<TurnPlan> {
    const { domain, brokerClock, tracing } = this.#parts;
    const work = readItems(domain, this.#consumedBy, this.partitions, items, this.#refused);
    const [entities, seen] = await Promise.all([this.#entities(work), this.#seen(work)]);
    const loaded = {
      entity: (id: string) => base?.entities.get(id)?.now ?? entities.get(id),
      seen: (key: string) => seen.has(key) || base?.seen.has(key) === true,
      share: (partition: Partition) => base?.shares.get(partition) ?? partition,
      values: this.#values,
    };
    const plan = new TurnPlan(domain, loaded, brokerClock.nowMs(), tracing && new TurnSpans(tracing));
    for (const each of work) plan.add(each);
    return plan;
  }

  /** From the cache, looked at once: a commit that ends meanwhile may push an entity out of it. The rest is read. */
  async #entities(work: readonly Work[]): Promise<Map<string, Entity>> {
    const found = new Map<string, Entity>();
    const missing = new Set<string>();
    for (const each of work) {
      if (each.kind !== "step") continue;
      const { entityId } = each.message;
      const cached = each.item.partition.entities.get(entityId);
      if (cached) found.set(entityId, cached);
      else missing.add(entityId);
    }
    if (missing.size === 0) return found;
    const rows = await this.#parts.store.query<EntityRow>(
      `select ${ENTITY_COLUMNS} from rollcall.entity where domain = $1 and entity_id = any($2::text[])`,
      [this.#parts.domain.name, [...missing]],
    );
    for (const row of rows) found.set(row.entity_id, this.#values.entityOf(entityOf(row)));
    return found;
  }

  async #seen(work: readonly Work[]): Promise<Set<string>> {
    const keys = work.flatMap((each) => (each.kind === "step" && each.dedupeKey !== undefined ? [each.dedupeKey] : []));
    if (keys.length === 0) return new Set();
    const rows = await this.#parts.store.query<{ key: string }>(
      `select key from rollcall.seen where key = any($1::uuid[])`,
      [keys],
    );
    return new Set(rows.map(({ key }) => key));
  }
}
