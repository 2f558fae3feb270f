import { Fault } from "../../core/fault.ts";
import { derivedId } from "../../core/ids.ts";
import type { DueDeadline } from "../deadlines/deadline-index.ts";
import { backOffMs, type Failing, failingSince, sleep, type ShellContext } from "../shell-context.ts";
import { dividedItems, subjectOf } from "./held-items.ts";
import type { InboxItem } from "./inbox.ts";
import type { RecordItem } from "./read-items.ts";
import { withoutRows } from "../projections/projected-turn.ts";
import type { TurnPlan } from "./turn-plan.ts";
import { type TurnBase, TurnPlanner } from "./turn-planner.ts";
import { commitTurn, PartitionsLost } from "./turn-writer.ts";

interface TurnHooks {
  /** The plan is durable: the effects, publishes and deadlines that it asks for may begin. */
  onCommitted(plan: TurnPlan): void;
  /** This deadline fired before an interruption of service, or its entity can't be read: it must fire again later. */
  onOutdatedFiring(due: DueDeadline): void;
  /** The store refuses the turn of this item, which is tried again later. */
  onRefused(item: InboxItem): void;
  /** Every item of a turn is committed, or refused and kept, or its partition is lost. */
  onFinished(items: readonly InboxItem[]): void;
}

const isRefusal = (error: unknown): error is Fault => error instanceof Fault && error.code === "STORE_REFUSED";

/** Runs turns: has them planned, and commits them. One commit at a time, in order. */
export class TurnRunner {
  readonly #context: ShellContext;
  readonly #hooks: TurnHooks;
  /** Why, for the dead letter that each becomes. */
  readonly #refusedRecords = new Map<RecordItem, string>();
  readonly #planner: TurnPlanner;
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
    this.#hooks = hooks;
    this.#planner = new TurnPlanner(context, this.#refusedRecords);
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
    const planned = await this.#planner.plan(items, base?.base).catch(() => undefined);
    const isBaseDurable = base === undefined || (await base.committedAsPlanned);
    this.#committing = undefined;
    const isCurrent = planned && isBaseDurable && items.every(({ partition }) => !partition.isLost);
    const asPlanned = this.#commitUntilDone(items, isCurrent ? planned : undefined).catch((error: unknown) => {
      this.#context.onFatal(error);
      return false;
    });
    if (isCurrent) {
      const { entities, seen, cursors, intents, settled, parked, logs } = planned;
      const next = { entities, seen, cursors, intents, settled, parked, logged: logs?.taken };
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
        const isWhole = await this.#commitTurn(current, unfinished, next);
        if (!isWhole || unfinished.size > 0) committedAsPlanned = false;
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
      this.#context.held.forget(item);
      this.#hooks.onOutdatedFiring(item.due);
    }
    return unfinished.size < size;
  }

  /**
   * Commits the items as one turn. When the store refuses their data, in halves, down to the one that it refuses.
   * @returns whether it was one turn
   */
  async #commitTurn(items: readonly InboxItem[], unfinished: Set<InboxItem>, planned?: TurnPlan): Promise<boolean> {
    const plan = planned ?? (await this.#planner.plan(items));
    try {
      this.#context.failpoint("C1");
      if (plan.cursors.size > 0) await this.#commit(plan);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      await this.#commitInHalves(items, unfinished, error);
      return false;
    }
    this.#context.failpoint("C4");
    this.#committedAtMs = this.#context.clock.monotonicMs();
    this.#failing = undefined;
    plan.spans?.end();
    for (const item of items) {
      unfinished.delete(item);
      if (item.kind === "record") this.#refusedRecords.delete(item);
      else this.#context.held.forget(item);
    }
    this.#hooks.onCommitted(plan);
    for (const fault of plan.projected?.faults ?? []) this.#context.observe({ kind: "projection_fault", ...fault });
    for (const item of plan.held) if (!item.partition.isLost) this.#holdUnreadable(item);
    return true;
  }

  /** Rows of projections decide nothing: a turn that the store refuses may be one without them. */
  async #commit(plan: TurnPlan): Promise<void> {
    const commit = () => commitTurn(this.#context, plan, derivedId("turn", this.#context.owner, ++this.#commits));
    try {
      await commit();
    } catch (error) {
      if (!isRefusal(error) || !plan.projected) throw error;
      plan.projected = withoutRows(plan.projected, error.message);
      await commit();
    }
  }

  #holdUnreadable(item: InboxItem): void {
    if (item.kind === "deadline") this.#hooks.onOutdatedFiring(item.due);
    else this.#context.held.hold(item, { kind: "unreadable" });
  }

  /** A difference that was found in a backend is not kept: the next comparison finds it anew. */
  #holdRefused(item: InboxItem, { message: error }: Fault): void {
    const { entityId, type } = subjectOf(item);
    const { number } = item.partition;
    this.#context.observe({ kind: "turn_refused", partition: number, entity: entityId ?? "", type, error });
    if (item.kind !== "drift") this.#context.held.hold(item, { kind: "refused", error });
    this.#hooks.onRefused(item);
  }

  async #commitInHalves(items: readonly InboxItem[], unfinished: Set<InboxItem>, refusal: Fault): Promise<void> {
    const [only] = items;
    if (items.length === 1 && only) return this.#commitAlone(only, unfinished, refusal);
    // Those that it has refused before are the likely ones.
    const { held } = this.#context;
    const suspects = items.filter((item) => held.has(item));
    const isMixed = suspects.length > 0 && suspects.length < items.length;
    const half = items.length >> 1;
    const parts = isMixed
      ? [items.filter((item) => !held.has(item)), suspects]
      : [items.slice(0, half), items.slice(half)];
    for (const part of parts) await this.#commitTurn(part, unfinished);
  }

  /** A record becomes a dead letter. Anything else is divided further, and what can't be is kept and tried again. */
  async #commitAlone(item: InboxItem, unfinished: Set<InboxItem>, refusal: Fault): Promise<void> {
    if (item.kind === "record") {
      if (this.#refusedRecords.has(item)) throw refusal;
      this.#refusedRecords.set(item, `the store refuses it: ${refusal.message}`);
      return void (await this.#commitTurn([item], unfinished));
    }
    const parts = dividedItems(item);
    unfinished.delete(item);
    if (parts.length === 1) return this.#holdRefused(item, refusal);
    for (const part of parts) unfinished.add(part);
    for (const part of parts) await this.#commitTurn([part], unfinished);
  }
}
