import { v7 } from "uuid";
import type { ConsumedTopic } from "../core/domain.ts";
import type { Entity } from "../core/entity.ts";
import { Fault } from "../core/fault.ts";
import { ENTITY_COLUMNS, type EntityRow, entityOf } from "./entity-row.ts";
import type { Item } from "./inbox.ts";
import { readItems, type Work } from "./intake.ts";
import { Ledger, PartitionsLost } from "./ledger.ts";
import { backOffMs, pause, type ShellParts } from "./parts.ts";
import type { Partition } from "./partition.ts";
import { TurnPlan } from "./turn-plan.ts";

/** Takes turns: read, load, step, commit; then tells what was committed. One at a time. */
export class TurnTaker {
  readonly #parts: ShellParts;
  readonly #ledger: Ledger;
  readonly #consumedBy: ReadonlyMap<string, ConsumedTopic>;
  readonly #committed: (plan: TurnPlan) => void;
  readonly #lost: (partitions: readonly Partition[]) => void;
  readonly #refused = new Map<Item, string>();
  partitions = 0;

  /**
   * @param hooks `committed` acts on a turn that is durable; `lost` hears of partitions that another process owns
   */
  constructor(
    parts: ShellParts,
    hooks: { readonly committed: (plan: TurnPlan) => void; readonly lost: (partitions: readonly Partition[]) => void },
  ) {
    this.#parts = parts;
    this.#ledger = new Ledger(parts.store, parts.domain, parts.failpoint);
    this.#consumedBy = new Map(parts.domain.consumed.map((consumed) => [consumed.topic, consumed]));
    this.#committed = hooks.committed;
    this.#lost = hooks.lost;
  }

  /** Returns when each item is committed or its partition is lost. @throws only what is a defect */
  async take(items: readonly Item[]): Promise<void> {
    const startedMs = this.#parts.clock.monotonicMs();
    const open = new Set(items);
    for (let failures = 0; ;) {
      const current = [...open].filter(({ partition }) => !partition.lost);
      if (current.length === 0) break;
      try {
        await this.#settle(current, open);
      } catch (error) {
        if (error instanceof PartitionsLost) this.#lost(error.partitions);
        else if (error instanceof Fault && error.retryable) {
          this.#parts.observe({ kind: "trouble", part: "store", error: String(error) });
          await pause(this.#parts.clock, backOffMs(++failures));
        } else throw error;
      }
    }
    this.#parts.observe({
      kind: "turn",
      messages: items.length,
      durationMs: this.#parts.clock.monotonicMs() - startedMs,
    });
  }

  /** One turn over the items; by halves when the store refuses the data, down to the one that it refuses. */
  async #settle(items: readonly Item[], open: Set<Item>): Promise<void> {
    const plan = await this.#plan(items);
    try {
      this.#parts.failpoint("C1");
      if (plan.shares.size > 0) await this.#ledger.commit(plan, v7());
    } catch (error) {
      if (!(error instanceof Fault) || error.code !== "STORE_REFUSED") throw error;
      const [only] = items;
      if (items.length === 1 && only) {
        if (this.#refused.has(only)) throw error;
        this.#refused.set(only, `the store refuses it: ${error.message}`);
        return this.#settle(items, open);
      }
      const half = items.length >> 1;
      await this.#settle(items.slice(0, half), open);
      return this.#settle(items.slice(half), open);
    }
    this.#parts.failpoint("C4");
    for (const item of items) {
      open.delete(item);
      this.#refused.delete(item);
    }
    this.#committed(plan);
  }

  async #plan(items: readonly Item[]): Promise<TurnPlan> {
    const { domain, brokerClock } = this.#parts;
    const work = readItems(domain, this.#consumedBy, this.partitions, items, this.#refused);
    const [entities, seen] = await Promise.all([this.#entities(work), this.#seen(work)]);
    const loaded = {
      entity: (partition: Partition, id: string) => partition.entities.get(id) ?? entities.get(id),
      seen: (key: string) => seen.has(key),
    };
    const plan = new TurnPlan(domain, loaded, brokerClock.nowMs());
    for (const each of work) plan.add(each);
    return plan;
  }

  async #entities(work: readonly Work[]): Promise<Map<string, Entity>> {
    const missing = new Set<string>();
    for (const each of work)
      if (each.kind === "step" && !each.item.partition.entities.has(each.message.entityId))
        missing.add(each.message.entityId);
    if (missing.size === 0) return new Map();
    const rows = await this.#parts.store.query<EntityRow>(
      `select ${ENTITY_COLUMNS} from rollcall.entity where domain = $1 and entity_id = any($2::text[])`,
      [this.#parts.domain.name, [...missing]],
    );
    return new Map(rows.map((row) => [row.entity_id, entityOf(row)]));
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
